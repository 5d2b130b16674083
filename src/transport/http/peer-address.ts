import { formatIpAddress, parseIpAddress } from '../../model/ip-address.ts';
import type { IpList } from '../../model/ip-list.ts';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/;

/** The other end of a socket, as the system writes it: IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2) as IPv4. */
function socketEnd(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}

/** A hop without brackets, port, zone or IPv4 mapping, written in the one way there is; null when it is no address. */
export function normalAddress(text: string): string | null {
  const bare = WITH_PORT.exec(text);
  const address = parseIpAddress(bare?.[1] ?? bare?.[2] ?? text);
  return address === null ? null : formatIpAddress(address);
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
  if (socketAddress === undefined) return '';
  let address = socketEnd(socketAddress);
  const hops = [forwardedFor ?? []].flat().join(',').split(',');
  while (trusted.contains(address)) {
    const hop = normalAddress((hops.pop() ?? '').trim());
    if (hop === null) break;
    address = hop;
  }
  return address;
}
