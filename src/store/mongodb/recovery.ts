import { type OpenTake, RECOVERY_GRACE_MS } from '../../model/key.ts';
import { queueName } from '../../model/tier.ts';
import { StoreError } from '../errors.ts';
import { type MongoContext, storeNow } from './context.ts';
import type { KeyName } from './send-take.ts';
import { settlePipeline } from './settle-pipeline.ts';
import { STORE_NOW } from './take-pipeline.ts';
import { decideTakes } from './void-rows.ts';

/**
 * Settles one open take whose process sends no audit row of it any more: voids its audit unless that is stored, and
 * puts back what its draws on record did not use. Any process may do it at any time, twice, or after another stopped half way. False when there is
 * no such open take (any more). Errors: `unavailable` when a row could not be decided; nothing went back then.
 */
export async function recoverTake(context: MongoContext, key: KeyName, take: string): Promise<boolean> {
  const row = await context.rows.keys.findOne(
    { _id: key.keyId, tierId: key.tierId, 'open.take': take },
    { projection: { open: 1 } },
  );
  const entry = row?.open.find((open) => open.take === take);
  return entry === undefined ? false : settleEntry(context, key, entry);
}

async function settleEntry(context: MongoContext, key: KeyName, entry: OpenTake): Promise<boolean> {
  const decided = (await decideTakes(context, [entry.take])).get(entry.take);
  if (decided === undefined || decided.fate === 'unknown')
    throw new StoreError('unavailable', 'The audit of an open take could not be decided.');
  const real = decided.draws * entry.units;
  for (;;) {
    const tier = await context.rows.tiers.findOne({ _id: key.tierId });
    if (tier === null) return false;
    const queues = tier.features.map((feature) => queueName(key.tierId, feature.name));
    const { take, n, epochs } = entry;
    const { matchedCount } = await context.rows.keys.updateOne(
      // A row placed by a newer revision has queues that are not known here yet.
      {
        _id: key.keyId,
        tierId: key.tierId,
        open: { $elemMatch: { take, n } },
        placed: { $lte: tier.revision },
      },
      settlePipeline({ take, epochs, back: n - real }, queues, STORE_NOW),
    );
    if (matchedCount === 1) return true;
    if (!(await hasEntry(context, key, take))) return false;
  }
}

async function hasEntry({ rows }: MongoContext, key: KeyName, take: string): Promise<boolean> {
  const filter = { _id: key.keyId, tierId: key.tierId, 'open.take': take };
  return (await rows.keys.countDocuments(filter, { limit: 1 })) > 0;
}

/** Settles open takes of processes that are gone, `limit` at most; returns how many. */
export async function recoverOpenTakes(context: MongoContext, limit: number): Promise<number> {
  const overdue = storeNow(context) - RECOVERY_GRACE_MS;
  const rows = await context.rows.keys
    .find({ openEnd: { $lt: overdue } })
    .project<{ _id: string; tierId: string; open: readonly OpenTake[] }>({ tierId: 1, open: 1 })
    .sort({ openEnd: 1 })
    .limit(limit)
    .toArray();
  const entries = rows.flatMap((row) =>
    row.open
      .filter((open) => open.end < overdue)
      .map((open) => ({ key: { keyId: row._id, tierId: row.tierId }, open })),
  );
  let settled = 0;
  let failure: unknown = null;
  for (const { key, open } of entries.slice(0, limit)) {
    try {
      if (await settleEntry(context, key, open)) settled += 1;
    } catch (error) {
      // One that cannot be decided does not hold up the others.
      if (!(error instanceof StoreError)) throw error;
      failure = error;
    }
  }
  if (settled === 0 && failure !== null) throw failure;
  return settled;
}
