import type { DatabaseSync } from 'node:sqlite';
import type { SigningKey } from '../../model/signing-key.ts';
import { StoreError } from '../errors.ts';
import type { IdentityStore } from '../port.ts';
import type { Core } from './core.ts';
import { createDenials } from './denials.ts';
import { prepare } from './statement.ts';

type KeyRow = {
  readonly id: string;
  readonly follows: string;
  readonly sign_from: number;
  readonly sign_until: number;
  readonly public_key: string;
  readonly private_key: string;
};

function keyOf(row: KeyRow): SigningKey {
  return {
    id: row.id,
    follows: row.follows,
    signFrom: row.sign_from,
    signUntil: row.sign_until,
    publicKey: row.public_key,
    privateKey: row.private_key,
  };
}

type SigningKeys = Pick<
  IdentityStore,
  'listSigningKeys' | 'addSigningKey' | 'replaceSigningKeys' | 'resealSigningKey' | 'deleteSigningKeys'
>;

function createSigningKeys(db: DatabaseSync, { transactions, adminEvents, announce }: Core): SigningKeys {
  const list = prepare<KeyRow>(db, 'SELECT * FROM signing_keys ORDER BY sign_from, id');
  const insert = prepare(db, 'INSERT INTO signing_keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const end = prepare(
    db,
    'UPDATE signing_keys SET sign_until = min(sign_until, ?), sign_from = min(sign_from, ?)',
  );
  const reseal = prepare(db, 'UPDATE signing_keys SET private_key = ? WHERE id = ? AND private_key = ?');
  const remove = prepare(db, 'DELETE FROM signing_keys WHERE sign_until < ?');
  const removeAll = prepare(db, 'DELETE FROM signing_keys');
  const add = ({ id, follows, signFrom, signUntil, publicKey, privateKey }: SigningKey): boolean =>
    insert.run(id, follows, signFrom, signUntil, publicKey, privateKey) > 0;
  return {
    listSigningKeys: async () => transactions.read(() => list.all().map(keyOf)),
    addSigningKey: async (key) => {
      const isAdded = transactions.write(() => add(key));
      if (isAdded) announce({ kind: 'signing-keys' });
      return isAdded;
    },
    replaceSigningKeys: async (make) => {
      transactions.write(() => {
        const { key, isAlone, event } = make(list.all().map(keyOf));
        if (isAlone) removeAll.run();
        // Earlier than the new key, also one that was still to sign: it stands last.
        else end.run(key.signFrom, key.signFrom - 1);
        if (!add(key)) throw new StoreError('exists', `key ${key.follows} is followed by another one`);
        adminEvents.append(event);
      });
      announce({ kind: 'signing-keys' });
    },
    resealSigningKey: async (id, from, to) => transactions.write(() => reseal.run(to, id, from) > 0),
    deleteSigningKeys: async (before) => {
      transactions.write(() => remove.run(before));
    },
  };
}

type KeptTokens = Pick<IdentityStore, 'findKeptToken' | 'keepToken' | 'deleteExpiredTokens'>;

type KeptRow = { readonly key: string; readonly body: string; readonly expireAt: number };

function createKeptTokens(db: DatabaseSync, { transactions, now }: Core): KeptTokens {
  const find = prepare<KeptRow>(
    db,
    'SELECT key, body, expire_at AS expireAt FROM kept_tokens WHERE key = ? AND expire_at > ?',
  );
  const keep = prepare(db, 'INSERT OR REPLACE INTO kept_tokens VALUES (?, ?, ?)');
  const remove = prepare(
    db,
    `DELETE FROM kept_tokens WHERE key IN (
       SELECT key FROM kept_tokens WHERE expire_at <= ? ORDER BY expire_at LIMIT ?)`,
  );
  return {
    findKeptToken: async (key) =>
      transactions.read(() => {
        const row = find.get(key, now());
        return row === undefined ? null : { ...row };
      }),
    keepToken: async ({ key, body, expireAt }) => {
      transactions.write(() => keep.run(key, body, expireAt));
    },
    deleteExpiredTokens: async (limit) => transactions.write(() => remove.run(now(), limit)),
  };
}

export function createIdentityStore(core: Core): IdentityStore {
  const { db } = core;
  return { ...createSigningKeys(db, core), ...createKeptTokens(db, core), ...createDenials(core) };
}
