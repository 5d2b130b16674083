import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { Clock } from '../model/clock.ts';
import { SealBrokenError, type SealedPlace, type Sealer } from '../model/sealing.ts';
import {
  type PublicJwk,
  privateKeyOf,
  publicJwkOf,
  publicKeyOf,
  publicTextOf,
  SIGNING_KEY_BYTES,
  type SigningKey,
} from '../model/signing-key.ts';
import type { IdentityStore, Store } from '../store/port.ts';
import { KeypoolError } from './errors.ts';
import { createSigningKeyList } from './signing-key-list.ts';
import { stored } from './store-errors.ts';

/** The keys that sign JWTs: kept sealed in the store, shared by all processes. */
export interface SigningKeys {
  /** The key that signs now; made when there is none. */
  readonly current: () => Promise<{ readonly id: string; readonly key: KeyObject }>;
  /** The public key of this id; null when there is none. Asks the store at most once a second. */
  readonly find: (id: string) => Promise<KeyObject | null>;
  /** All whose signatures are accepted, and the next one. */
  readonly published: () => Promise<readonly PublicJwk[]>;
  /** Makes the next key before its time has come, and removes those whose signatures are over. */
  readonly rotate: () => Promise<void>;
}

export interface SigningKeysParts {
  readonly store: Pick<IdentityStore, 'listSigningKeys' | 'addSigningKey' | 'deleteSigningKeys'> &
    Pick<Store, 'now'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sealer: Sealer;
  readonly randomBytes: (size: number) => Uint8Array;
  /** How long a key signs. */
  readonly rotationMs: number;
}

const DAY_MS = 86_400_000;
/** A JWT lives for a day at most; an hour for clocks that differ. */
const ACCEPTED_AFTER_MS = DAY_MS + 3_600_000;
/** How long before it signs a key is made and published, at most: others may keep the list for a while. */
const PUBLISHED_BEFORE_MS = DAY_MS;
/** How old the list may be where nothing speaks for a newer one. */
const LIST_AGE_MS = 60_000;
/** How old it may be when a key is not on it. */
const UNKNOWN_AGE_MS = 1000;

/** Where the private key of a row was sealed for. */
export function signingKeyPlace(id: string): SealedPlace {
  return { table: 'signing_keys', row: id, field: 'private_key' };
}

/**
 * The key that signs at `now`: the first whose time is not over, since they take turns; null when there is none. It may
 * be before its time where the clock was set back, or is behind that of the process which made it.
 */
function signingAt(keys: readonly SigningKey[], now: number): SigningKey | null {
  return keys.find(({ signUntil }) => now < signUntil) ?? null;
}

/** The successor of a key, or the first one. */
async function keyAfter(last: SigningKey | undefined, parts: SigningKeysParts): Promise<SigningKey> {
  const { store, sealer, randomBytes, rotationMs } = parts;
  const seed = randomBytes(SIGNING_KEY_BYTES);
  const publicKey = publicTextOf(privateKeyOf(seed));
  const id = await calculateJwkThumbprint({ ...publicJwkOf({ id: '', publicKey }) });
  const privateKey = sealer.seal(Buffer.from(seed).toString('base64url'), signingKeyPlace(id));
  const now = store.now();
  const signFrom = Math.max(now, last?.signUntil ?? now);
  return { id, follows: last?.id ?? '', signFrom, signUntil: signFrom + rotationMs, publicKey, privateKey };
}

/** Keys as the library takes them, for as long as they are on the list. */
function createKeyObjects(sealer: Sealer) {
  const privateKeys = new Map<string, KeyObject>();
  const publicKeys = new Map<string, KeyObject>();

  function open({ id, privateKey }: SigningKey): KeyObject {
    try {
      return privateKeyOf(Buffer.from(sealer.open(privateKey, signingKeyPlace(id)), 'base64url'));
    } catch (error) {
      if (!(error instanceof SealBrokenError)) throw error;
      throw new KeypoolError(
        'SEAL_BROKEN',
        'The key that signs tokens is sealed with a key that this process lacks. Add that to ENCRYPTION_KEYS_RETIRED.',
        { cause: error, metadata: { key_id: error.keyId } },
      );
    }
  }

  function kept(
    into: Map<string, KeyObject>,
    key: SigningKey,
    make: (key: SigningKey) => KeyObject,
  ): KeyObject {
    const made = into.get(key.id) ?? make(key);
    into.set(key.id, made);
    return made;
  }

  return {
    privateOf: (key: SigningKey) => kept(privateKeys, key, open),
    publicOf: (key: SigningKey) => kept(publicKeys, key, publicKeyOf),
    keepOnly: (keys: readonly SigningKey[]): void => {
      for (const objects of [privateKeys, publicKeys])
        for (const id of objects.keys()) if (!keys.some((key) => key.id === id)) objects.delete(id);
    },
  };
}

export function createSigningKeys(parts: SigningKeysParts): SigningKeys {
  const { store, rotationMs } = parts;
  const objects = createKeyObjects(parts.sealer);
  const list = createSigningKeyList(store, parts.clock, objects.keepOnly);

  /** Adds the successor, unless another process was quicker. */
  async function addAfter(last: SigningKey | undefined): Promise<void> {
    await stored(store.addSigningKey(await keyAfter(last, parts)));
    list.forget();
  }

  /** The list with a key that signs now. */
  async function withCurrent(): Promise<readonly SigningKey[]> {
    const keys = await list.ofAge(LIST_AGE_MS);
    if (signingAt(keys, store.now()) !== null) return keys;
    const fresh = await list.ofAge(0);
    if (signingAt(fresh, store.now()) !== null) return fresh;
    await addAfter(fresh.at(-1));
    return list.ofAge(0);
  }

  return {
    current: async () => {
      const signing = signingAt(await withCurrent(), store.now());
      if (signing === null) throw new KeypoolError('INTERNAL', 'No key signs tokens. Try again.');
      return { id: signing.id, key: objects.privateOf(signing) };
    },
    find: async (id) => {
      const withId = (key: SigningKey): boolean => key.id === id;
      const key = list.known().find(withId) ?? (await list.ofAge(UNKNOWN_AGE_MS)).find(withId);
      return key === undefined ? null : objects.publicOf(key);
    },
    published: async () => (await withCurrent()).map(publicJwkOf),
    rotate: async () => {
      const last = (await list.ofAge(0)).at(-1);
      const now = store.now();
      // Where nobody ever asked for a JWT, nobody needs a key.
      if (last === undefined) return;
      if (last.signUntil - now <= Math.min(PUBLISHED_BEFORE_MS, rotationMs / 2)) await addAfter(last);
      await stored(store.deleteSigningKeys(now - ACCEPTED_AFTER_MS));
      list.forget();
      await list.ofAge(0);
    },
  };
}
