import { type OpenTake, RECOVERY_GRACE_MS } from '../../model/key.ts';
import { placesOf } from '../../model/place.ts';
import { settleTake } from '../../model/take.ts';
import { queueName, type Tier } from '../../model/tier.ts';
import { StoreError } from '../errors.ts';
import { changeInTiers } from './change-in-tiers.ts';
import { named } from './change-keys.ts';
import { type MongoContext, storeNow } from './context.ts';
import { fromStateDocument } from './key-document.ts';
import type { KeyName } from './send-take.ts';
import { recoverGroups } from './settle-group.ts';
import { settlePipeline } from './settle-pipeline.ts';
import { STORE_NOW } from './take-pipeline.ts';
import { readTiers } from './tiers.ts';
import { decideTakes } from './void-rows.ts';

/** An open take, and the row it stands in; `smart`: the row holds more than the pipelines know. */
interface Entry extends KeyName {
  readonly open: OpenTake;
  readonly smart: boolean;
}

/** An open take whose audit is decided: so many of its units go back. */
interface DecidedEntry extends Entry {
  readonly back: number;
}

/** Rows looked at for each that is settled by one call, so that processes that do it at once seldom meet. */
const SPREAD = 4;

/**
 * Settles one open take whose process sends no audit row of it any more: voids its audit unless that is stored, and
 * puts back what its draws on record did not use. Any process may do it at any time, twice, or after another stopped
 * half way. False when there is no such open take (any more). Errors: `unavailable` when it could not be decided;
 * nothing went back then.
 */
export async function recoverTake(context: MongoContext, key: KeyName, take: string): Promise<boolean> {
  const row = await context.rows.keys.findOne(
    { _id: key.keyId, tierId: key.tierId, 'open.take': take },
    { projection: { open: 1, smart: 1 } },
  );
  const open = row?.open.find((entry) => entry.take === take);
  if (open === undefined) return false;
  return (await settleEntries(context, [{ ...key, open, smart: row?.smart === true }])) > 0;
}

/**
 * Settles open takes of processes that are gone, `limit` at most; returns how many. What cannot be decided does not hold
 * up the others. Errors: `unavailable` when nothing could.
 */
export async function recoverOpenTakes(context: MongoContext, limit: number): Promise<number> {
  const overdue = storeNow(context) - RECOVERY_GRACE_MS;
  const rows = await context.rows.keys
    .find({ openEnd: { $lt: overdue } })
    .project<{ _id: string; tierId: string; open: readonly OpenTake[]; smart?: true }>({
      tierId: 1,
      open: 1,
      smart: 1,
    })
    .sort({ openEnd: 1 })
    .limit(limit * SPREAD)
    .toArray();
  const entries = rows.flatMap(({ _id, tierId, open, smart = false }) =>
    open.filter(({ end }) => end < overdue).map((entry) => ({ keyId: _id, tierId, open: entry, smart })),
  );
  const ofGroups = await recoverGroups(context, limit);
  return ofGroups + (await settleEntries(context, someOf(entries, limit, context.options.newId())));
}

/** `limit` of the entries from a place on that differs from call to call, as the end of a fresh id does. */
function someOf(entries: readonly Entry[], limit: number, id: string): readonly Entry[] {
  if (entries.length <= limit) return entries;
  const from = (Number.parseInt(id.slice(-8), 16) || 0) % entries.length;
  return [...entries.slice(from), ...entries.slice(0, from)].slice(0, limit);
}

/** Settles takes together; returns how many of them this call settled. Errors: `unavailable` when it knows of none. */
async function settleEntries(context: MongoContext, entries: readonly Entry[]): Promise<number> {
  if (entries.length === 0) return 0;
  const fates = await decideTakes(
    context,
    entries.map(({ open }) => open.take),
  );
  const decided = entries.flatMap((entry) => {
    const { fate, draws } = fates.get(entry.open.take) ?? { fate: 'unknown', draws: 0 };
    return fate === 'unknown' ? [] : [{ ...entry, back: entry.open.n - draws * entry.open.units }];
  });
  const settled = await takeOff(context, decided);
  if (settled === 0 && decided.length < entries.length)
    throw new StoreError('unavailable', 'The audit of an open take could not be decided.');
  return settled;
}

/** Takes decided entries off their rows; those that refuse it, as placed by a newer revision, with that one. */
async function takeOff(context: MongoContext, decided: readonly DecidedEntry[]): Promise<number> {
  let settled = 0;
  for (let left = decided; left.length > 0; ) {
    const smart = left.filter((entry) => entry.smart);
    if (smart.length > 0) {
      settled += await settleSmart(context, smart);
      left = left.filter((entry) => !entry.smart);
    }
    const tiers = await readTiers(
      context,
      left.map(({ tierId }) => tierId),
    );
    const updates = left.flatMap((entry) => {
      const tier = tiers.get(entry.tierId);
      return tier === undefined ? [] : [{ updateOne: settlement(entry, tier, context.options.newId()) }];
    });
    if (updates.length === 0) break;
    const { matchedCount } = await context.rows.keys.bulkWrite(updates, { ordered: false });
    settled += matchedCount;
    if (matchedCount === updates.length) break;
    left = await stillOpen(context, left);
  }
  return settled;
}

/** Takes entries off rows that hold more than the pipelines know. */
async function settleSmart(context: MongoContext, entries: readonly DecidedEntry[]): Promise<number> {
  const settled = new Map<string, number>();
  await changeInTiers(context, entries, (row, tier) => {
    const before = fromStateDocument(row);
    const state = entries
      .filter(({ keyId }) => keyId === row._id)
      .reduce((rest, { open, back }) => settleTake(rest, open, open.n - back), before);
    if (state === before) return null;
    settled.set(row._id, before.open.length - state.open.length);
    const now = Math.max(row.now, state.takenAt);
    return { state: { ...state, ...placesOf(state, tier, now) } };
  });
  return [...settled.values()].reduce((sum, count) => sum + count, 0);
}

function settlement({ keyId, tierId, open, back }: DecidedEntry, { revision, features }: Tier, turn: string) {
  const { take, n, epochs } = open;
  const queues = features.map(({ name }) => queueName(tierId, name));
  return {
    // A row placed by a newer revision has queues that are not known here yet.
    filter: {
      _id: keyId,
      tierId,
      open: { $elemMatch: { take, n } },
      placed: { $lte: revision },
      smart: { $exists: false },
    },
    update: settlePipeline({ take, epochs, back }, queues, STORE_NOW, turn),
  };
}

/** Those that nobody has settled yet. */
async function stillOpen(
  { rows }: MongoContext,
  entries: readonly DecidedEntry[],
): Promise<readonly DecidedEntry[]> {
  const found = await rows.keys
    .find(named(entries))
    .project<{ open: readonly OpenTake[]; smart?: true }>({ open: 1, smart: 1 })
    .toArray();
  const rowOf = new Map(found.flatMap((row) => row.open.map(({ take }) => [take, row])));
  return entries.flatMap((entry) => {
    const row = rowOf.get(entry.open.take);
    return row === undefined ? [] : [{ ...entry, smart: row.smart === true }];
  });
}
