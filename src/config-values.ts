import { z } from 'zod';
import { isIpEntry } from './model/ip-list.ts';
import { TOKEN_PREFIX } from './model/token.ts';

/*
 * What the text of a variable may be, and what it means. No message repeats the text: it may be a secret put into the
 * wrong variable.
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION_MAX_MS = 86_400_000;

/** A value made of its text by a function that gives null for what it cannot read. */
function read<T>(parse: (text: string) => T | null, complaint: string) {
  return z.string().transform((text, refinement): T => {
    const value = parse(text);
    if (value !== null) return value;
    refinement.addIssue({ code: 'custom', message: complaint });
    return z.NEVER;
  });
}

/** `500ms`, `30s`, `5m`, `1h`: 1 ms to 24 h, in ms. */
export const duration = read((text) => {
  const [, count, unit] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return ms >= 1 && ms <= DURATION_MAX_MS ? ms : null;
}, 'must be a duration such as 500ms, 30s, 5m or 1h, between 1ms and 24h');

export function wholeNumber(min: number, max: number) {
  return read((text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : null;
  }, `must be a whole number between ${min} and ${max}`);
}

/** More than the cores of any machine that this is meant for. */
export const PROCESSES_MAX = 64;

/** `auto` stands for one process per core. */
export const processes = read<number | 'auto'>((text) => {
  if (text === 'auto') return text;
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= PROCESSES_MAX ? count : null;
}, `must be, like --processes, a whole number between 1 and ${PROCESSES_MAX}, or auto`);

function sealingKeyOf(text: string): Uint8Array | null {
  return /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : null;
}

export const sealingKey = read(
  sealingKeyOf,
  'must be 32 bytes in hex (64 digits); make one with: openssl rand -hex 32',
);

/** What stands between commas, blanks around it left aside; nothing between two commas is nothing. */
function itemsOf(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

function list<T>(parseItem: (item: string) => T | null, complaint: string) {
  return read((text) => {
    const values = itemsOf(text).map(parseItem);
    const known = values.filter((value) => value !== null);
    return known.length === values.length ? known : null;
  }, complaint);
}

export const sealingKeys = list(
  sealingKeyOf,
  'must be keys of 32 bytes in hex (64 digits each), with commas',
);

export const proxies = list(
  (item) => (isIpEntry(item) ? item : null),
  'must be IP addresses or prefixes such as 10.0.0.0/8 with no bits set beyond their length, with commas',
);

function originOf(item: string): string | null {
  if (item === '*') return item;
  const url = URL.canParse(item) ? new URL(item) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === item ? item : null;
}

export const origins = list(
  originOf,
  'must be origins such as https://app.example (no path, no slash at the end), with commas, or *',
);

export const flag = read((text) => {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : null;
}, 'must be true or false');

export const adminToken = read(
  // What RFC 6750 (2.1) allows in a bearer token: any other could be set here and never be sent.
  (text) => (/^(?=.{32,512}$)[A-Za-z0-9\-._~+/]+=*$/.test(text) ? text : null),
  'must have 32 to 512 of A-Z a-z 0-9 - . _ ~ + / (and = at its end)',
);

export const tokenPrefix = read(
  (text) => (TOKEN_PREFIX.test(text) ? text : null),
  'must be 1 to 16 of a-z 0-9 _, without an underscore at either end',
);

export const host = read(
  (text) => (/^[A-Za-z0-9_.:-]{1,255}$/.test(text) ? text : null),
  'must be an address or a host name, without scheme and port',
);

export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'mongodb'; readonly url: string };

/** One raw @ at most, before the hosts: the driver would take a piece of the password for a host, and show it. */
const MONGODB_URL = /^mongodb(?:\+srv)?:\/\/(?:[^@/?]*@)?[^@/?]+(?:[/?][^@]*)?$/;

/** What is meant, or a sentence that says what is wrong. */
function databaseOf(text: string): Database | string {
  if (/^mongodb(?:\+srv)?:\/\/./.test(text)) {
    if (MONGODB_URL.test(text)) return { kind: 'mongodb', url: text };
    return 'must name its hosts, and have no @ / ? in user name, password and options other than as %40 %2F %3F';
  }
  const path = /^sqlite:(.+)$/.exec(text)?.[1];
  if (path === undefined)
    return 'must be sqlite:<file>, sqlite::memory: or mongodb://<hosts>/<database>?replicaSet=<name>';
  if (path.startsWith('//'))
    return 'must be sqlite:<file> without //: sqlite:data/keypool.db from this folder, sqlite:/data/keypool.db from the root';
  if (path.startsWith(':') && path !== ':memory:')
    return 'must be sqlite::memory: and nothing more, or sqlite:<file> with a file that begins with no colon';
  return { kind: 'sqlite', path };
}

export const database = z.string().transform((text, refinement): Database => {
  const value = databaseOf(text);
  if (typeof value !== 'string') return value;
  refinement.addIssue({ code: 'custom', message: value });
  return z.NEVER;
});
