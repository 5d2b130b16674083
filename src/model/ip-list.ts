import { isMappedV4, parseIpAddress, parseIpLiteral } from './ip-address.ts';

/** Addresses and CIDR prefixes (RFC 4632, RFC 4291), IPv4 and IPv6. */
export interface IpList {
  /** False for what is no address. An IPv4 address mapped into IPv6 is the IPv4 address. */
  readonly contains: (address: string) => boolean;
}

interface IpRange {
  readonly bits: 32 | 128;
  readonly prefix: bigint;
  /** Bits of an address beyond the prefix. */
  readonly hostBits: bigint;
}

const MAPPED_BITS = 96;

/** An address or prefix with no bits set beyond its length; null when it is neither. */
function parseRange(text: string): IpRange | null {
  const [literal = '', length, ...rest] = text.split('/');
  const address = parseIpLiteral(literal);
  if (address === null || rest.length > 0) return null;
  if (length !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(length)) return null;
  const prefixBits = length === undefined ? address.bits : Number(length);
  if (prefixBits > address.bits) return null;
  const hostBits = BigInt(address.bits - prefixBits);
  const prefix = address.value >> hostBits;
  if (prefix << hostBits !== address.value) return null;
  if (!isMappedV4(address) || prefixBits < MAPPED_BITS) return { bits: address.bits, prefix, hostBits };
  return { bits: 32, prefix: (address.value & 0xffffffffn) >> hostBits, hostBits };
}

/** True for what {@link createIpList} understands: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isIpEntry(text: string): boolean {
  return parseRange(text) !== null;
}

/** A list of entries; one that is malformed contains nothing. */
export function createIpList(entries: readonly string[]): IpList {
  const ranges = entries.map(parseRange).filter((range) => range !== null);
  return {
    contains: (text) => {
      const address = parseIpAddress(text);
      if (address === null) return false;
      return ranges.some(
        (range) => range.bits === address.bits && address.value >> range.hostBits === range.prefix,
      );
    },
  };
}
