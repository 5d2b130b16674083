import { isIP } from 'node:net';
import type { IpList } from '../../model/ip-list.ts';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/;

/** An address without brackets, port or IPv4 mapping (RFC 4291, 2.5.5.2), in lower case; null when it is none. */
export function normalAddress(text: string): string | null {
  const bare = WITH_PORT.exec(text);
  const address = bare?.[1] ?? bare?.[2] ?? text;
  const plain = MAPPED.exec(address)?.[1] ?? address;
  return isIP(plain) === 0 ? null : plain.toLowerCase();
}

/**
 * Where a call comes from: the other end of the socket or, as long as that is a trusted proxy, the hop it names last in
 * `X-Forwarded-For`. What stands further left could be anybody's invention. Empty when the socket is gone.
 */
export function peerAddressOf(
  socketAddress: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
  trusted: IpList,
): string {
  let address = socketAddress === undefined ? null : normalAddress(socketAddress);
  const hops = [forwardedFor ?? []].flat().join(',').split(',');
  while (address !== null && trusted.contains(address)) {
    const hop = normalAddress((hops.pop() ?? '').trim());
    if (hop === null) break;
    address = hop;
  }
  return address ?? '';
}
