import { MongoError } from 'mongodb';
import { standingOf } from '../../model/credit.ts';
import { spanMs } from '../../model/meter.ts';
import { StoreError } from '../errors.ts';
import type { Charge, ChargeResult } from '../port.ts';
import { chargedAt, isApart } from './charge-moments.ts';
import {
  answerCharges,
  type ChargedRequestDocument,
  type ClaimedPool,
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

/**
 * When a pool counted a charge, by its take, in ms; null where it has not, or counts it no more: the row may tell of it
 * for longer than its window.
 */
function countedAt(
  row: PoolRow | null,
  { limit, run }: ClaimedPool,
  take: string,
  now: number,
): number | null {
  const took = row?.takes.find((candidate) => candidate.take === take);
  if (took === undefined || (took.granted[run] ?? 0) === 0) return null;
  return took.at > now - spanMs(limit) ? took.at : null;
}

/**
 * Settles a charge whose process is gone: where all its pools have counted it, and for one moment, it is put on record and
 * answered; where not, it is given up, and made anew. Two that do this at once do the same.
 */
async function finish(context: MongoContext, record: ChargedRequestDocument): Promise<void> {
  const { _id: key, take, cost, pools, event } = record;
  const rows = await Promise.all(pools.map(({ id }) => readPool(context, id)));
  const now = storeNow(context);
  const counted = pools.map((pool, i) => countedAt(rows[i] ?? null, pool, take, now));
  const moments = counted.filter((moment) => moment !== null);
  if (moments.length < pools.length || isApart(record, moments)) return releaseCharges(context, take, [key]);
  if (event !== null) await insertUsageRecords(context, [event], now, take);
  const charge = { cost, granted: true };
  const standings = pools.map((pool, i) =>
    standingOf(metersOf(rows[i] ?? null, pool.limit), pool, charge, now),
  );
  const answer = { at: chargedAt(moments, now), pools: standings };
  await answerCharges(context, [{ key, take, answer }]);
}
