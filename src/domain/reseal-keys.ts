import { SealBrokenError } from '../model/sealing.ts';
import type { Page, SealedKey, SealStore } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { currentIdentity } from './authenticate.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError } from './errors.ts';
import { resealed } from './key-secrets.ts';
import { PAGE_REFUSALS } from './page-request.ts';
import { releaseSealingKeys, resealOwnSecrets } from './reseal-own-secrets.ts';
import { stored } from './store-errors.ts';

/** How far a call has come. */
export interface Resealing {
  /** The id of the key under which all is sealed now that was looked at. */
  readonly sealingKeyId: string;
  readonly checked: number;
  readonly resealed: number;
  /** Keys that do not open, so that they stay as they are; a draw will quarantine them. */
  readonly broken: number;
  /** The ids of keys that seal nothing any more, once all was looked at: no start needs them now. */
  readonly released: readonly string[];
  /** Where the next call goes on; null when all keys were looked at. */
  readonly next: string | null;
}

const BATCH = 200;
/** How long one call works, in ms: callers and proxies do not wait much longer. */
const WORK_MAX_MS = 10_000;

type Change = Parameters<SealStore['resealKeys']>[0][number];

function encryptionOff(): KeypoolError {
  return new KeypoolError(
    'ENCRYPTION_OFF',
    'Nothing can be sealed: ENCRYPTION_KEY is not set. Set it, restart, and call again.',
  );
}

/** What is to become of a key: another text, nothing (null), or it does not open. */
function changeOf({ sealer, log }: Context, from: SealedKey): Change | null | 'broken' {
  try {
    const to = resealed(sealer, from);
    return to === null ? null : { from, to };
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    log.error({ key_id: from.id, reason: error.message }, 'a key was not resealed: its value does not open');
    return 'broken';
  }
}

/** Rewrites one batch, and leaves the store to draws for as long as that took. */
async function resealBatch(
  context: Context,
  keys: readonly SealedKey[],
): Promise<Pick<Resealing, 'resealed' | 'broken'>> {
  const { clock, after, store } = context;
  const startedAt = clock.monotonicMs();
  const found = keys.map((key) => changeOf(context, key));
  const changes = found.filter((change) => change !== null && change !== 'broken');
  const count = await stored(store.resealKeys(changes));
  const tookMs = clock.monotonicMs() - startedAt;
  await new Promise<void>((resolve) => after(tookMs, resolve));
  return { resealed: count, broken: found.filter((change) => change === 'broken').length };
}

/** The call waits and works for longer than a withdrawn token may be of use. Errors: as {@link resealKeys}. */
async function checkAgain(context: Context, call: Call): Promise<void> {
  if (call.signal?.aborted === true) throw new KeypoolError('CANCELED', 'The caller has gone.');
  requireAdmin(await currentIdentity(context, call), 'write');
}

async function reseal(
  context: Context,
  call: Call,
  from: string | null,
  sealingKeyId: string,
): Promise<Resealing> {
  const { store, clock } = context;
  const until = clock.monotonicMs() + WORK_MAX_MS;
  const sums = { sealingKeyId, checked: 0, resealed: 0, broken: 0 };
  let next = from;
  do {
    const page: Page<SealedKey> = await stored(
      store.listSealedKeys({ after: next, limit: BATCH }),
      PAGE_REFUSALS,
    );
    const batch = await resealBatch(context, page.items);
    sums.checked += page.items.length;
    sums.resealed += batch.resealed;
    sums.broken += batch.broken;
    next = page.next;
    await checkAgain(context, call);
  } while (next !== null && clock.monotonicMs() < until);
  return { ...sums, released: next === null ? await releaseSealingKeys(context) : [], next };
}

/**
 * Writes all that is sealed under another key, or not at all, anew under the current one, for some seconds from
 * `pageToken` on (empty: from the first key); the next call goes on at `next`. Draws go on: every process opens both.
 * Repeating it, also after it was broken off, changes nothing more. One of the heavy calls.
 * Errors: ADMIN_REQUIRED, ENCRYPTION_OFF, INVALID_FIELD, HEAVY_CALLS_BUSY, SEAL_BROKEN, those of {@link currentIdentity}.
 */
export async function resealKeys(
  context: Context,
  call: Call,
  input: { readonly pageToken: string },
): Promise<Resealing> {
  requireAdmin(call.identity, 'write');
  const { keyId } = context.sealer;
  if (keyId === null) throw encryptionOff();
  const from = input.pageToken === '' ? null : input.pageToken;
  return context.heavyCalls.run(call.signal, async () => {
    await checkAgain(context, call);
    const action = { action: 'ResealKeys', resourceType: 'sealing_key', resourceId: keyId } as const;
    await stored(context.store.noteAdminEvent(adminEvent(context, call, { ...action, changes: [] })));
    if (from === null) await resealOwnSecrets(context);
    return reseal(context, call, from, keyId);
  });
}
