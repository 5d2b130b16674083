import { MongoClient } from 'mongodb';
import { quantile } from '../report/statistics.ts';
import { readInput, writeOutput } from '../server/script.ts';
import { naiveAuditRow, naiveCollections } from './naive-pool.ts';

export interface WritesPlan {
  readonly url: string;
  readonly measureMs: number;
}

/** Medians in µs. */
export interface WritesResult {
  readonly update: number;
  readonly insert: number;
}

const WARM_UP_ROUNDS = 50;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await work();
  return (performance.now() - beganAt) * 1000;
}

/** What one draw has to wait for at least: one majority update of a key, then one majority insert of its audit row. */
async function measure({ url, measureMs }: WritesPlan): Promise<WritesResult> {
  const client = await MongoClient.connect(url, { writeConcern: { w: 'majority', journal: true } });
  const { keys, audit } = naiveCollections(client.db());
  const ids = await keys.find().limit(100).project<{ _id: string }>({ _id: 1 }).toArray();
  const updates: number[] = [];
  const inserts: number[] = [];
  let endAt = Infinity;
  for (let round = 0; performance.now() < endAt; round += 1) {
    const { _id } = ids[round % ids.length] ?? { _id: '' };
    const change = { $set: { lastUsed: new Date() }, $inc: { used: 1 } };
    const update = await timed(() => keys.updateOne({ _id }, change));
    const insert = await timed(() => audit.insertOne(naiveAuditRow(_id, Date.now())));
    if (round === WARM_UP_ROUNDS) endAt = performance.now() + measureMs;
    if (round <= WARM_UP_ROUNDS) continue;
    updates.push(update);
    inserts.push(insert);
  }
  await client.close();
  return { update: quantile(updates, 0.5), insert: quantile(inserts, 0.5) };
}

writeOutput<WritesResult>(await measure(await readInput<WritesPlan>()));
