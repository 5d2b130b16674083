import {
  SealBrokenError,
  type SealedPlace,
  type Sealer,
  sealedPrefix,
  sealingKeyIdOf,
} from '../model/sealing.ts';
import type { Webhook } from '../model/webhook.ts';
import type { SealedSearch } from '../store/port.ts';
import type { Context } from './context.ts';
import { KeypoolError } from './errors.ts';
import { nextTurn } from './next-turn.ts';
import { signingKeyPlace } from './signing-keys.ts';
import { CANARY_PREFIX, FINGERPRINT_KEY, metaPlace } from './start-check.ts';
import { stored } from './store-errors.ts';
import { webhookSecretPlace } from './webhook-sender.ts';

/** More than there can be. */
const ALL_WEBHOOKS = { after: null, limit: 1000 };

function webhookSecrets({ secret, previousSecret }: Webhook): readonly string[] {
  return previousSecret === null ? [secret] : [secret, previousSecret.secret];
}

/** The same text under the current key; null when it is. Error: SEAL_BROKEN. */
function anew(sealer: Sealer, text: string, place: SealedPlace): string | null {
  if (sealingKeyIdOf(text) === sealer.keyId) return null;
  try {
    return sealer.seal(sealer.open(text, place), place);
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw new KeypoolError(
      'SEAL_BROKEN',
      `The service's own ${place.row} is sealed with key ${error.keyId}, which does not open it. Add that key to ENCRYPTION_KEYS_RETIRED.`,
      { cause: error, metadata: { key_id: error.keyId } },
    );
  }
}

/** Writes the service's own secrets anew: the key of the fingerprints, those that sign JWTs and webhooks. Error: SEAL_BROKEN. */
export async function resealOwnSecrets(context: Context): Promise<void> {
  const { store, sealer } = context;
  for (const [name, text] of await stored(store.listMeta(FINGERPRINT_KEY))) {
    const to = anew(sealer, text, metaPlace(name));
    if (to !== null) await stored(store.resealMeta(name, text, to));
  }
  for (const { id, privateKey } of await stored(store.listSigningKeys())) {
    const to = anew(sealer, privateKey, signingKeyPlace(id));
    if (to !== null) await stored(store.resealSigningKey(id, privateKey, to));
  }
  await resealWebhooks(context);
}

/** Writes the secrets that sign webhooks anew. Error: SEAL_BROKEN. */
async function resealWebhooks({ store, sealer }: Context): Promise<void> {
  const { items } = await stored(store.listWebhooks(ALL_WEBHOOKS));
  for (const webhook of items)
    for (const text of webhookSecrets(webhook)) {
      const to = anew(sealer, text, webhookSecretPlace(webhook.id));
      if (to !== null) await stored(store.resealWebhook(webhook.id, text, to));
    }
}

/** Keys looked at in one step of a search: some ms for a store. */
const SEARCHED = 5000;

/** True when a value or secret of some key begins so. Looks at all keys, and lets others go on meanwhile. */
async function isInSomeKey(context: Context, prefix: string): Promise<boolean> {
  let next: string | null = '';
  while (next !== null) {
    const search: SealedSearch = await stored(context.store.findSealed(prefix, next, SEARCHED));
    if (search.isFound) return true;
    next = search.next;
    await nextTurn(context);
  }
  return false;
}

/** True when something that is needed is sealed with the key of this id. */
async function isInUse(context: Context, keyId: string): Promise<boolean> {
  const { store } = context;
  const prefix = sealedPrefix(keyId);
  const own = [
    ...(await stored(store.listMeta(FINGERPRINT_KEY))).values(),
    ...(await stored(store.listSigningKeys())).map(({ privateKey }) => privateKey),
    ...(await stored(store.listWebhooks(ALL_WEBHOOKS))).items.flatMap(webhookSecrets),
  ];
  return own.some((text) => text.startsWith(prefix)) || isInSomeKey(context, prefix);
}

/**
 * Removes the canaries of keys that seal nothing any more, so that a start needs them no longer; gives their ids. To be
 * called when every process seals with the current one.
 */
export async function releaseSealingKeys(context: Context): Promise<readonly string[]> {
  const { store, sealer } = context;
  const released: string[] = [];
  for (const [name, text] of await stored(store.listMeta(CANARY_PREFIX))) {
    const keyId = name.slice(CANARY_PREFIX.length);
    if (keyId === sealer.keyId || (await isInUse(context, keyId))) continue;
    await stored(store.deleteMeta(name, text));
    released.push(keyId);
  }
  return released;
}
