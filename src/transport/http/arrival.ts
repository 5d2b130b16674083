import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../model/clock.ts';
import { createIpList } from '../../model/ip-list.ts';
import { createRequestInfo, type RequestInfo } from '../request-info.ts';
import { peerAddressOf } from './peer-address.ts';
import { requestIdOf } from './request-id.ts';

/** What was read of a request's body so far, and whether that is all of it. */
export interface Received {
  readonly chunks: readonly Uint8Array[];
  readonly ended: boolean;
}

/** A request that has come in as far as its head, or further. */
export interface Arrival {
  readonly info: RequestInfo;
  /** The monotonic moment (ms) at which its head was there. */
  readonly startedMs: number;
  readonly received: Received;
}

export const NOTHING_RECEIVED: Received = { chunks: [], ended: false };

/** Where a request comes from, as its connection and its headers tell. */
export interface Origin {
  readonly headers: IncomingHttpHeaders;
  /** The other end of the socket; undefined when that is gone. */
  readonly socketAddress: () => string | undefined;
  /** The same object for all requests of one connection. */
  readonly connection: object;
}

export interface ArrivalParts {
  readonly clock: Clock;
  readonly newRequestId: () => string;
  /** Addresses and CIDR prefixes of proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
}

/** Notes requests as they come in. */
export function createArrivals(parts: ArrivalParts): (origin: Origin) => Arrival {
  const { clock, newRequestId } = parts;
  const trusted = createIpList(parts.trustedProxies);
  /** A connection's other end does not change. */
  const ends = new WeakMap<object, string>();

  function peerOf({ headers, socketAddress, connection }: Origin): string {
    if (parts.trustedProxies.length > 0)
      return peerAddressOf(socketAddress(), headers['x-forwarded-for'], trusted);
    const known = ends.get(connection);
    if (known !== undefined) return known;
    const address = socketAddress();
    const peer = peerAddressOf(address, undefined, trusted);
    if (address !== undefined) ends.set(connection, peer);
    return peer;
  }

  return (origin) => {
    const requestId = requestIdOf(origin.headers['x-request-id'], newRequestId);
    const info = createRequestInfo(requestId, peerOf(origin), origin.connection);
    return { info, startedMs: clock.monotonicMs(), received: NOTHING_RECEIVED };
  };
}
