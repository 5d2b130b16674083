/** An address as a number of 32 or 128 bits. IPv4 mapped into IPv6 (`::ffff:a.b.c.d`) counts as IPv4. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

const GROUPS = 8;
const MAPPED_PREFIX = 0xffffn;

function parseV4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    // No leading zeros: some readers take them for octal.
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

/** The 16-bit groups of one side of `::`, the last two of which may be written as IPv4; null when malformed. */
function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 === null) return null;
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

function parseV6(text: string): bigint | null {
  const sides = text.split('::');
  if (sides.length > 2) return null;
  // IPv4 notation may stand at the very end only.
  if (sides.length === 2 && sides[0]?.includes('.')) return null;
  const head = parseGroups(sides[0] ?? '');
  const tail = parseGroups(sides[1] ?? '');
  if (head === null || tail === null) return null;
  const missing = GROUPS - head.length - tail.length;
  if (sides.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** An address as written (RFC 4291 section 2.2 for IPv6, without a zone), IPv4 mapped into IPv6 as it stands. */
export function parseIpLiteral(text: string): IpAddress | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { bits: 32, value: v4 };
  const v6 = text.includes(':') ? parseV6(text) : null;
  return v6 === null ? null : { bits: 128, value: v6 };
}

/** True when the number lies in `::ffff:0:0/96`. */
export function isMappedV4(address: IpAddress): boolean {
  return address.bits === 128 && address.value >> 32n === MAPPED_PREFIX;
}

/** The address of a peer: a zone (`%eth0`) is left aside, a mapped IPv4 address is IPv4. Null when it is none. */
export function parseIpAddress(text: string): IpAddress | null {
  const address = parseIpLiteral(text.split('%')[0] ?? '');
  if (address === null || !isMappedV4(address)) return address;
  return { bits: 32, value: address.value & 0xffffffffn };
}

const V4_SHIFTS = [24n, 16n, 8n, 0n];
const V6_SHIFTS = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n];

/** Where the longest run of zeros stands, the first of several; its length may be 0. */
function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > longest.length) longest = { start: i + 1 - length, length };
  }
  return longest;
}

/** The one way to write an address (RFC 5952, section 4): lower case, the longest run of zeros as `::` if it has two. */
export function formatIpAddress({ bits, value }: IpAddress): string {
  if (bits === 32) return V4_SHIFTS.map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = V6_SHIFTS.map((shift) => ((value >> shift) & 0xffffn).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
