import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { AdminEvent } from '../model/audit.ts';
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
import type { Directory } from './directory.ts';
import { KeypoolError } from './errors.ts';
import { stored } from './store-errors.ts';

/** The keys that sign JWTs: kept sealed in the store, shared by all processes. */
export interface SigningKeys {
  /** The key that signs now; made when there is none. */
  readonly current: () => Promise<{ readonly id: string; readonly key: KeyObject }>;
  /** The public key of this id; null when there is none. For unknown ones it asks the store at most once a second. */
  readonly find: (id: string) => Promise<KeyObject | null>;
  /** Whether there is a key of this id, as of 0.9 s ago or later; undefined where the store has to be asked. */
  readonly has: (id: string) => boolean | undefined;
  /** All whose signatures are accepted, and the next one. */
  readonly published: () => Promise<readonly PublicJwk[]>;
  /** Makes the next key before its time has come, and removes those whose signatures are over. */
  readonly rotate: () => Promise<void>;
  /** Makes a key that signs from now on, in the place of all others; `eventOf` tells of it. Error: STORE_UNAVAILABLE. */
  readonly replace: (
    withdrawOthers: boolean,
    eventOf: (replaced: ReplacedKeys) => AdminEvent,
  ) => Promise<ReplacedKeys>;
}

/** What a rotation out of turn came to. */
export interface ReplacedKeys {
  /** The new key's. */
  readonly id: string;
  /** The store's moment (ms) from which on it signs. */
  readonly createdAt: number;
  /** The ids of the keys whose signatures are accepted no more. */
  readonly withdrawn: readonly string[];
}

export interface SigningKeysParts {
  readonly store: Pick<
    IdentityStore,
    'addSigningKey' | 'replaceSigningKeys' | 'deleteSigningKeys' | 'listSigningKeys'
  > &
    Pick<Store, 'now'>;
  /** Knows the list of keys. */
  readonly directory: Pick<Directory, 'signingKeys' | 'forgetSigningKeys'> & {
    readonly known: Pick<Directory['known'], 'signingKeys'>;
  };
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
/** How often at most the list is read because a key is not on it: whoever sends JWTs may make keys up. */
const LOOK_EVERY_MS = 1000;

type NewKey = Pick<SigningKey, 'id' | 'publicKey' | 'privateKey'>;

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

const withId =
  (id: string) =>
  (key: SigningKey): boolean =>
    key.id === id;

/** A key that nobody has stored yet. */
async function newKey({ sealer, randomBytes }: SigningKeysParts): Promise<NewKey> {
  const seed = randomBytes(SIGNING_KEY_BYTES);
  const publicKey = publicTextOf(privateKeyOf(seed));
  const id = await calculateJwkThumbprint({ ...publicJwkOf({ id: '', publicKey }) });
  const privateKey = sealer.seal(Buffer.from(seed).toString('base64url'), signingKeyPlace(id));
  return { id, publicKey, privateKey };
}

/** The successor of a key, or the first one. */
function successor(
  key: NewKey,
  last: SigningKey | undefined,
  signFrom: number,
  rotationMs: number,
): SigningKey {
  return { ...key, follows: last?.id ?? '', signFrom, signUntil: signFrom + rotationMs };
}

/** Keys as the library takes them, for as long as the list is that they are on. */
function createKeyObjects(sealer: Sealer) {
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

  function keptBy(make: (key: SigningKey) => KeyObject): (key: SigningKey) => KeyObject {
    const kept = new WeakMap<SigningKey, KeyObject>();
    return (key) => {
      const made = kept.get(key) ?? make(key);
      kept.set(key, made);
      return made;
    };
  }

  return { privateOf: keptBy(open), publicOf: keptBy(publicKeyOf) };
}

export function createSigningKeys(parts: SigningKeysParts): SigningKeys {
  const { store, directory, clock, rotationMs } = parts;
  const objects = createKeyObjects(parts.sealer);
  let look: { readonly at: number; readonly keys: Promise<readonly SigningKey[]> } | null = null;

  const listed = (): Promise<readonly SigningKey[]> => stored(directory.signingKeys());

  function listedAnew(): Promise<readonly SigningKey[]> {
    directory.forgetSigningKeys();
    return listed();
  }

  /**
   * A key that is not on the list, once more. Read beside the list, which goes on to serve those who do not make keys up;
   * who asks meanwhile, or shortly after, gets what was read.
   */
  async function findUnknown(id: string): Promise<SigningKey | undefined> {
    const now = clock.monotonicMs();
    if (look === null || now - look.at >= LOOK_EVERY_MS)
      look = { at: now, keys: stored(store.listSigningKeys()) };
    if (!(await look.keys).some(withId(id))) return undefined;
    // The list was too old, unless somebody has said so by now.
    if (directory.known.signingKeys()?.some(withId(id)) !== true) directory.forgetSigningKeys();
    return (await listed()).find(withId(id));
  }

  /** Adds the successor, unless another process was quicker. */
  async function addAfter(last: SigningKey | undefined): Promise<void> {
    const made = await newKey(parts);
    const now = store.now();
    const signFrom = Math.max(now, last?.signUntil ?? now);
    await stored(store.addSigningKey(successor(made, last, signFrom, rotationMs)));
  }

  /** The list with a key that signs now. */
  async function withCurrent(): Promise<readonly SigningKey[]> {
    const keys = await listed();
    if (signingAt(keys, store.now()) !== null) return keys;
    const fresh = await listedAnew();
    if (signingAt(fresh, store.now()) !== null) return fresh;
    await addAfter(fresh.at(-1));
    return listedAnew();
  }

  return {
    current: async () => {
      const signing = signingAt(await withCurrent(), store.now());
      if (signing === null) throw new KeypoolError('INTERNAL', 'No key signs tokens. Try again.');
      return { id: signing.id, key: objects.privateOf(signing) };
    },
    find: async (id) => {
      const key = (await listed()).find(withId(id)) ?? (await findUnknown(id));
      return key === undefined ? null : objects.publicOf(key);
    },
    has: (id) => directory.known.signingKeys()?.some(withId(id)),
    published: async () => (await withCurrent()).map(publicJwkOf),
    rotate: async () => {
      const last = (await listedAnew()).at(-1);
      const now = store.now();
      // Where nobody ever asked for a JWT, nobody needs a key.
      if (last === undefined) return;
      if (last.signUntil - now <= Math.min(PUBLISHED_BEFORE_MS, rotationMs / 2)) await addAfter(last);
      await stored(store.deleteSigningKeys(now - ACCEPTED_AFTER_MS));
      await listedAnew();
    },
    replace: async (withdrawOthers, eventOf) => {
      const made = await newKey(parts);
      let replaced: ReplacedKeys = { id: made.id, createdAt: store.now(), withdrawn: [] };
      const replacement = store.replaceSigningKeys((keys) => {
        const now = store.now();
        replaced = { id: made.id, createdAt: now, withdrawn: withdrawOthers ? keys.map(({ id }) => id) : [] };
        const key = successor(made, keys.at(-1), now, rotationMs);
        return { key, isAlone: withdrawOthers, event: eventOf(replaced) };
      });
      await stored(replacement);
      return replaced;
    },
  };
}
