import { v7 as uuid } from 'uuid';
import { collectionsOf, type DrawsDocument } from '../../src/store/mongodb/collections.ts';
import { onMongod } from '../server/database.ts';
import { atOnce } from './at-once.ts';

const BATCH = 2000;
const AT_ONCE = 2;
const SPAN_MS = 3_600_000;
/** Only what is measured later has to wait for the journal. */
export const UNJOURNALED = { ordered: false, writeConcern: { w: 1 } } as const;

/** What a filled audit row names. */
export interface AuditedDraw {
  readonly consumer: string;
  readonly key: string;
  readonly tier: string;
  readonly feature: string;
}

/** Makes rows 0 to `count` and hands them to `insert` in batches. */
export async function insertInBatches<T>(
  count: number,
  rowOf: (index: number) => T,
  insert: (rows: readonly T[]) => Promise<unknown>,
): Promise<void> {
  const starts = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => i * BATCH);
  await atOnce(AT_ONCE, starts, async (from) => {
    await insert(Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => rowOf(from + i)));
  });
}

/** The moment (ms since 1970) of one of `count` rows that are spread over the last hour. */
export function momentOf(index: number, count: number): number {
  return Date.now() - SPAN_MS + Math.floor((index / count) * SPAN_MS);
}

/** Audit rows in the store's own form, one for each draw. */
export function insertAuditRows(url: string, draws: readonly AuditedDraw[], count: number): Promise<void> {
  const rowOf = (index: number): DrawsDocument => {
    const draw = draws[index % draws.length];
    if (draw === undefined) throw new Error('there is no draw to write');
    const { key, tier, feature, consumer } = draw;
    const stored = { serial: 0, consumer, request: 'bench', peer: '127.0.0.1' };
    const at = momentOf(index, count);
    return { _id: uuid(), kind: 'draws', at, key, tier, feature, units: 1, draws: [stored] };
  };
  return onMongod(url, (client) => {
    const { usage } = collectionsOf(client.db());
    return insertInBatches(count, rowOf, (rows) => usage.insertMany(rows, UNJOURNALED));
  });
}
