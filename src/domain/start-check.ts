import { FINGERPRINT_KEY_BYTES } from '../model/fingerprint.ts';
import { SealBrokenError, type SealedPlace, type Sealer } from '../model/sealing.ts';
import type { Store } from '../store/port.ts';
import { KeypoolError } from './errors.ts';
import { stored } from './store-errors.ts';

export const CANARY_PREFIX = 'canary.';
const CANARY_TEXT = 'keypool canary';
export const FINGERPRINT_KEY = 'fingerprint-key';

type MetaStore = Pick<Store, 'listMeta' | 'keepMeta'>;

/** Where a text of this name is sealed for. */
export function metaPlace(name: string): SealedPlace {
  return { table: 'meta', row: name, field: 'value' };
}

function sealBroken(keyId: string, what: string, cause: unknown): KeypoolError {
  return new KeypoolError(
    'SEAL_BROKEN',
    `The store holds ${what} sealed with key ${keyId}, which does not open with the keys this process has. Set ENCRYPTION_KEY to that key, or add it to ENCRYPTION_KEYS_RETIRED.`,
    { cause, metadata: { key_id: keyId } },
  );
}

function openCanary(sealer: Sealer, name: string, text: string): void {
  const keyId = name.slice(CANARY_PREFIX.length);
  try {
    if (sealer.open(text, metaPlace(name)) === CANARY_TEXT) return;
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw sealBroken(keyId, 'values', error);
  }
  throw sealBroken(keyId, 'values', 'the canary opens to something else');
}

/** Checks every canary there is, then leaves one for the key that seals from now on. */
async function checkCanaries(store: MetaStore, sealer: Sealer): Promise<void> {
  const canaries = await stored(store.listMeta(CANARY_PREFIX));
  for (const [name, text] of canaries) openCanary(sealer, name, text);
  if (sealer.keyId === null) return;
  const name = CANARY_PREFIX + sealer.keyId;
  if (canaries.has(name)) return;
  const sealed = sealer.seal(CANARY_TEXT, metaPlace(name));
  // Another process may have been quicker; what it left must open too.
  openCanary(sealer, name, await stored(store.keepMeta(name, sealed)));
}

async function keepFingerprintKey(
  store: MetaStore,
  sealer: Sealer,
  randomBytes: (size: number) => Uint8Array,
): Promise<Uint8Array> {
  const known = (await stored(store.listMeta(FINGERPRINT_KEY))).get(FINGERPRINT_KEY);
  const place = metaPlace(FINGERPRINT_KEY);
  const fresh = (): string =>
    sealer.seal(Buffer.from(randomBytes(FINGERPRINT_KEY_BYTES)).toString('hex'), place);
  const text = known ?? (await stored(store.keepMeta(FINGERPRINT_KEY, fresh())));
  try {
    return Buffer.from(sealer.open(text, place), 'hex');
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw sealBroken(error.keyId, 'its fingerprint key', error);
  }
}

/**
 * Makes sure that all that is sealed in the store can be opened, by one canary per sealing key, and gives the key of
 * the fingerprints: made on the first start, sealed when encryption is on. Error: SEAL_BROKEN naming the missing key.
 */
export async function openSealing(
  store: MetaStore,
  sealer: Sealer,
  randomBytes: (size: number) => Uint8Array,
): Promise<Uint8Array> {
  await checkCanaries(store, sealer);
  return keepFingerprintKey(store, sealer, randomBytes);
}
