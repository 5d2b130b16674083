import { MongoError } from 'mongodb';
import { standingOf } from '../../model/credit.ts';
import { StoreError } from '../errors.ts';
import type { Charge, ChargeResult } from '../port.ts';
import {
  answerCharges,
  type ChargedRequestDocument,
  findCharges,
  releaseCharges,
} from './charged-requests.ts';
import { type MongoContext, storeNow } from './context.ts';
import { metersOf, type PoolRow, readPool } from './pool-takes.ts';
import { insertUsageRecords } from './usage-records.ts';

/** Answers charges whose request ids are others': with what those were answered. By index in the round. */
export async function replayCharges(
  context: MongoContext,
  charges: readonly Charge[],
  indexes: readonly number[],
): Promise<ReadonlyMap<number, ChargeResult>> {
  const results = new Map<number, ChargeResult>();
  try {
    const keys = indexes.flatMap((index) => charges[index]?.idempotency?.key ?? []);
    const records = await findCharges(context, keys);
    await Promise.all(
      indexes.map(async (index) => {
        const charge = charges[index];
        const record = records.get(charge?.idempotency?.key ?? '');
        if (charge !== undefined) results.set(index, await replay(context, charge, record));
      }),
    );
  } catch (error) {
    // The rest of the round goes on: those that are not among the results are told that it is not known.
    if (!(error instanceof MongoError || error instanceof StoreError)) throw error;
  }
  return results;
}

async function replay(
  context: MongoContext,
  charge: Charge,
  record: ChargedRequestDocument | undefined,
): Promise<ChargeResult> {
  if (record === undefined) return { kind: 'again' };
  const now = storeNow(context);
  if (record.expireAt.getTime() <= now) {
    await context.rows.chargedRequests.deleteOne({ _id: record._id, take: record.take });
    return { kind: 'again' };
  }
  const { answer } = record;
  if (answer === null) {
    // After that time nothing of it is under way any more: its process has gone, or has not had an answer.
    if (now - record.at >= context.openTakeMs) await finish(context, record);
    return { kind: 'again' };
  }
  if (record.fingerprint !== charge.idempotency?.fingerprint) return { kind: 'reused' };
  return { kind: 'charged', granted: true, ...answer, replayed: true };
}

/** What its pool counted of it, if anything still: a take that is no longer told of has left its window. */
function isCounted(row: PoolRow | null, take: string, run: number): boolean {
  const took = row?.takes.find((candidate) => candidate.take === take);
  return took !== undefined && (took.granted[run] ?? 0) > 0;
}

/**
 * Settles a charge whose process is gone: where all its pools have counted it, it is put on record and answered; where
 * not, it is given up, and made anew. Two that do this at once do the same.
 */
async function finish(context: MongoContext, record: ChargedRequestDocument): Promise<void> {
  const { _id: key, take, cost, pools, event } = record;
  const rows = await Promise.all(pools.map(({ id }) => readPool(context, id)));
  if (!pools.every(({ run }, i) => isCounted(rows[i] ?? null, take, run)))
    return releaseCharges(context, take, [key]);
  const at = storeNow(context);
  if (event !== null) await insertUsageRecords(context, [event], at, take);
  const charge = { cost, granted: true };
  const standings = pools.map((pool, i) =>
    standingOf(metersOf(rows[i] ?? null, pool.limit), pool, charge, at),
  );
  await answerCharges(context, [{ key, take, answer: { at, pools: standings } }]);
}
