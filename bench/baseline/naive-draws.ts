import { MongoClient } from 'mongodb';
import { measureCallers } from '../load/measure.ts';
import type { Caller, LoadResult, LoadTimes } from '../load/plan.ts';
import { readInput, writeOutput } from '../server/script.ts';
import { NAIVE_TIER, naiveAuditRow, naiveCollections } from './naive-pool.ts';

/** What the naive way is asked to do: no server, the callers draw from the database themselves. */
export interface NaivePlan extends LoadTimes {
  readonly url: string;
  readonly callers: number;
}

/** The driver's own default. A connection for each of 256 callers gave fewer draws, as more of them meet on one key. */
const CONNECTIONS_MAX = 100;

const plan = await readInput<NaivePlan>();
const client = await MongoClient.connect(plan.url, {
  maxPoolSize: CONNECTIONS_MAX,
  writeConcern: { w: 'majority', journal: true },
});
const { keys, audit } = naiveCollections(client.db());

/** The least recently used key that is due, marked as used; then its audit row. Both durable on a majority. */
async function draw(): Promise<void> {
  const now = new Date();
  const key = await keys.findOneAndUpdate(
    { tier: NAIVE_TIER, dueAt: { $lte: now } },
    { $set: { lastUsed: now }, $inc: { used: 1 } },
    { sort: { lastUsed: 1 }, returnDocument: 'after' },
  );
  if (key === null) throw new Error('no key was due');
  await audit.insertOne(naiveAuditRow(key._id, now.getTime()));
}

const caller: Caller = {
  call: (done) =>
    void draw().then(
      () => done(null),
      (error: unknown) => done(String(error)),
    ),
  close: () => undefined,
};

const result = await measureCallers(
  Array.from({ length: plan.callers }, () => caller),
  plan,
);
await client.close();
writeOutput<LoadResult>(result);
