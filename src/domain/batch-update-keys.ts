import type { KeyFilter } from '../store/port.ts';
import { currentIdentity } from './authenticate.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkKey } from './check-key.ts';
import type { Call, Context } from './context.ts';
import { describeKey } from './describe-key.ts';
import { editKey } from './edit-key.ts';
import { invalidField, KeypoolError, type Reason } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import type { KeyFields } from './key-fields.ts';
import type { KeyView } from './key-view.ts';
import { moveKey } from './move-key.ts';
import { nextTurn } from './next-turn.ts';
import { tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';
import { withPlainFields } from './update-key.ts';

/** Which keys: those of the ids, or the next of a tier (and state) after the id `after` (null: from the first). */
export type BatchKeys =
  | { readonly ids: readonly string[] }
  | { readonly filter: KeyFilter & { readonly tierId: string }; readonly after: string | null };

export interface BatchUpdateKeysInput {
  readonly keys: BatchKeys;
  readonly changes: Pick<KeyFields, 'state' | 'stateReason'>;
  /** Where they go; null: they stay. */
  readonly tierId: string | null;
}

/** What became of one key: as it is now, or why it was not changed. */
export type KeyUpdate =
  | { readonly id: string; readonly key: KeyView; readonly error: null }
  | { readonly id: string; readonly key: null; readonly error: KeypoolError };

export interface BatchUpdated {
  readonly results: readonly KeyUpdate[];
  /** The id after which the next call of a filter goes on; null at the end. */
  readonly next: string | null;
}

const BATCH_MAX = 1000;
/** Keys that are changed at once, and before the caller is looked at again. */
const AT_ONCE = 4;
const BETWEEN_LOOKS = 40;

/** What can be wrong with one key, and be right with the next. */
const OF_ONE_KEY: ReadonlySet<Reason> = new Set([
  'KEY_NOT_FOUND',
  'KEY_EXISTS',
  'TIER_NOT_FOUND',
  'QUOTA_GROUP_NOT_FOUND',
  'STORE_UNAVAILABLE',
]);

async function requireTier(context: Context, tierId: string): Promise<void> {
  if ((await stored(context.store.getTier(tierId))) === null) throw tierNotFound(tierId);
}

async function idsOf(
  context: Context,
  keys: BatchKeys,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
  if ('ids' in keys) return { ids: keys.ids, next: null };
  const { filter, after } = keys;
  await requireTier(context, filter.tierId);
  const from = { after, descending: false, limit: BATCH_MAX };
  const ids = (await stored(context.store.scanKeys(filter, from))).map(({ id }) => id);
  return { ids, next: ids.length === BATCH_MAX ? (ids.at(-1) ?? null) : null };
}

async function updateOne(
  context: Context,
  call: Call,
  { changes, tierId }: BatchUpdateKeysInput,
  id: string,
): Promise<KeyUpdate> {
  try {
    const key =
      tierId === null
        ? await editKey(context, call, 'BatchUpdateKeys', id, (before, now) => {
            const row = withPlainFields(before, changes, now);
            return { row, changes: changesBetween(describeKey(before), describeKey(row)) };
          })
        : await moveKey(context, call, 'BatchUpdateKeys', { id, tierId, changes });
    return { id, key, error: null };
  } catch (error) {
    if (error instanceof KeypoolError && OF_ONE_KEY.has(error.reason)) return { id, key: null, error };
    throw error;
  }
}

/** The call works for longer than a withdrawn token may be of use. */
async function lookAgain(context: Context, call: Call): Promise<void> {
  if (call.signal?.aborted === true) throw new KeypoolError('CANCELED', 'The caller has gone.');
  requireAdmin(await currentIdentity(context, call), 'write');
}

async function updateAll(
  context: Context,
  call: Call,
  input: BatchUpdateKeysInput,
  ids: readonly string[],
): Promise<readonly KeyUpdate[]> {
  // Moves into one tier lock its row one after another, and would only get into each other's way.
  const atOnce = input.tierId === null ? AT_ONCE : 1;
  const results: KeyUpdate[] = [];
  for (let from = 0; from < ids.length; from += atOnce) {
    if (from % AT_ONCE === 0) await nextTurn(context);
    if (from % BETWEEN_LOOKS === 0) await lookAgain(context, call);
    const some = ids.slice(from, from + atOnce);
    results.push(...(await Promise.all(some.map((id) => updateOne(context, call, input, id)))));
  }
  return results;
}

function check({ keys, changes, tierId }: BatchUpdateKeysInput): void {
  if ('ids' in keys) {
    const { ids } = keys;
    if (ids.length < 1 || ids.length > BATCH_MAX || new Set(ids).size < ids.length)
      throw invalidField('ids', `must be 1 to ${BATCH_MAX}, none of them twice`);
  }
  if (changes.state === undefined && tierId === null)
    throw invalidField('state', 'say what is to change: state, tier_id, or both');
  if (changes.state === undefined && changes.stateReason !== undefined)
    throw invalidField('stateReason', 'a reason needs a state');
  refuseIfAny(
    checkKey(changes, '').map(({ field, description }) => ({ field: field.replace(/^\./, ''), description })),
  );
}

/**
 * Enables, disables or moves up to 1,000 keys; each whole or not at all, with an admin event of its own. The next draw of
 * each heeds it. One of the heavy calls; broken off, what was done stays done, and doing it again changes nothing of that.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, TIER_NOT_FOUND, HEAVY_CALLS_BUSY, CANCELED, those of {@link currentIdentity}.
 */
export async function batchUpdateKeys(
  context: Context,
  call: Call,
  input: BatchUpdateKeysInput,
): Promise<BatchUpdated> {
  requireAdmin(call.identity, 'write');
  check(input);
  return context.heavyCalls.run(call.signal, async () => {
    if (input.tierId !== null) await requireTier(context, input.tierId);
    const { ids, next } = await idsOf(context, input.keys);
    return { results: await updateAll(context, call, input, ids), next };
  });
}
