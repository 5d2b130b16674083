import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { crc32 } from '../../src/model/crc32.ts';
import { sharedMongod } from '../support/mongod.ts';
import { callJson, type JsonAnswer, type JsonCall } from './json-call.ts';
import { type Served, serve } from './served.ts';

/** A consumer with its token. */
export interface Issued {
  readonly id: string;
  readonly token: string;
}

/** A service under attack, with a backend that asks it about its clients. */
export interface Attacked extends AsyncDisposable {
  readonly served: Served;
  /** Of a consumer with the scope `tokens.verify`. */
  readonly backend: Issued;
  readonly issue: (consumer?: Record<string, unknown>) => Promise<Issued>;
  /** Calls with the root token unless told otherwise; notes what was answered. */
  readonly call: (method: string, body: object | string, by?: JsonCall) => Promise<JsonAnswer>;
  /** The code that the backend is told of a client's token, without its prefix. */
  readonly verify: (token: string, more?: Record<string, unknown>) => Promise<string>;
  /** Holds every answer so far to show none of these, nor anything of what is behind the service. */
  readonly assertNothingLeaked: (secrets: readonly string[]) => void;
}

/** What only an attacker would learn from: stacks, statements, drivers, paths. */
const INTERNAL =
  /\bat .+:\d+:\d+|node:|\/src\/|node_modules|sqlite|mongo|SELECT |E11000|TypeError|RangeError/i;

export const STORES = ['SQLite', 'MongoDB'] as const;

async function databaseOf(
  store: (typeof STORES)[number],
): Promise<{ url: string; drop: () => Promise<void> }> {
  if (store === 'SQLite') return { url: 'sqlite::memory:', drop: async () => {} };
  const { uri, drop } = await sharedMongod();
  return { url: uri, drop };
}

export async function attacked(
  store: (typeof STORES)[number],
  env: Readonly<Record<string, string>> = {},
  parts: Parameters<typeof serve>[1] = {},
): Promise<Attacked> {
  const { url, drop } = await databaseOf(store);
  const served = await serve({ DATABASE_URL: url, ...env }, parts);
  const answers: string[] = [];

  async function call(method: string, body: object | string, by?: JsonCall): Promise<JsonAnswer> {
    const answer = await callJson(served, method, body, by);
    answers.push(JSON.stringify([[...answer.headers], answer.body]));
    return answer;
  }

  async function issue(consumer: Record<string, unknown> = {}): Promise<Issued> {
    const { body } = await callJson(served, 'AdminService/CreateConsumer', {
      consumer: { name: `client-${randomBytes(4).toString('hex')}`, ...consumer },
    });
    const { consumer: made, token } = body as { consumer?: { id: string }; token?: string };
    assert.ok(made !== undefined && token !== undefined, JSON.stringify(body));
    return { id: made.id, token };
  }

  const backend = await issue({ scopes: ['tokens.verify'] });
  return {
    served,
    backend,
    issue,
    call,
    verify: async (token, more = {}) => {
      const answer = await call('AuthService/VerifyToken', { token, ...more }, { token: backend.token });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return String(answer.body.code).replace('VERIFY_CODE_', '');
    },
    assertNothingLeaked: (secrets) => {
      for (const answer of answers) {
        assert.doesNotMatch(answer, INTERNAL);
        for (const secret of secrets) assert.ok(!answer.includes(secret), answer);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await served.close();
      await drop();
    },
  };
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_CHARS = 6;

/** A token's text without its checksum, with the right one after it: what anybody can make. */
export function withChecksum(body: string): string {
  let rest = crc32(Buffer.from(body));
  let sum = '';
  for (let i = 0; i < CHECKSUM_CHARS; i += 1) {
    sum = BASE62.charAt(rest % BASE62.length) + sum;
    rest = Math.floor(rest / BASE62.length);
  }
  return body + sum;
}

/** A token without its checksum. */
export function bodyOf(token: string): string {
  return token.slice(0, -CHECKSUM_CHARS);
}

/** Another letter at this place. */
export function changedAt(text: string, index: number): string {
  const at = index < 0 ? text.length + index : index;
  return text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
}
