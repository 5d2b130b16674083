import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MongoClient } from 'mongodb';
import { endWithThisProcess } from '../../test/support/reaper.ts';
import type { VictimPlan } from './victim.ts';

const VICTIM = 'victim';
const POLL_MS = 50;
const GIVE_UP_MS = 60_000;
/** Every audit write of the victim holds a connection until the end. */
const PATIENT = 'maxPoolSize=500&socketTimeoutMS=600000&waitQueueTimeoutMS=600000';

/** Keys with an open take whose end is not after `endMax` (ms since 1970). */
export function keysWithOpenTakes(client: MongoClient, endMax: number): Promise<number> {
  const ended = { openEnd: { $gt: 0, $lte: endMax } };
  return client.db().collection('keys').countDocuments(ended);
}

/** The earliest end of an open take (ms since 1970). */
export async function earliestEnd(client: MongoClient): Promise<number> {
  const open = client
    .db()
    .collection('keys')
    .find({ openEnd: { $gt: 0 } });
  const first = await open.sort({ openEnd: 1 }).limit(1).next();
  return Number(first?.openEnd);
}

/** Has the server sit on every insert of the processes that go by this name. */
async function holdInserts(client: MongoClient, appName: string): Promise<void> {
  const data = { failCommands: ['insert'], blockConnection: true, blockTimeMS: 2 * GIVE_UP_MS, appName };
  await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data });
}

/** Has a process take from so many keys, and kills it (SIGKILL) while the audit of all of them is on its way. */
export async function leaveOpenTakes(client: MongoClient, { url, tierId, draws }: VictimPlan): Promise<void> {
  await holdInserts(client, VICTIM);
  const script = fileURLToPath(import.meta.resolve('./victim.ts'));
  const victim = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'] });
  endWithThisProcess(victim);
  const plan: VictimPlan = { url: `${url}&appName=${VICTIM}&${PATIENT}`, tierId, draws };
  victim.stdin.end(JSON.stringify(plan));
  const endAt = performance.now() + GIVE_UP_MS;
  while ((await keysWithOpenTakes(client, Number.MAX_SAFE_INTEGER)) < draws && performance.now() < endAt)
    await delay(POLL_MS);
  victim.kill('SIGKILL');
  await once(victim, 'exit');
}
