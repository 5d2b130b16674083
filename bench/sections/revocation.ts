import { createKeypoolClient } from '../../src/client/node.ts';
import type { BenchPlan } from '../plan.ts';
import { quantile } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { REVOCATIONS } from '../revocation/changes.ts';
import { runTrials } from '../revocation/run-trials.ts';
import { progress, type Section } from '../section.ts';
import { type Database, faultyDatabase, freshDatabase, onMongod } from '../server/database.ts';
import { ADMIN_TOKEN, startKeypool } from '../server/keypool.ts';
import { REVOCATION_TARGET } from '../targets.ts';

/** What change streams meet, in the terms of the server's `failCommand` fail point. */
interface StreamFault {
  readonly failCommands: readonly string[];
  readonly errorCode?: number;
  readonly blockConnection?: true;
  readonly blockTimeMS?: number;
}

/** How processes hear of what others change. */
interface Setting {
  readonly name: string;
  readonly open: () => Promise<Database>;
  readonly processes: 1 | 2;
  readonly fault?: StreamFault;
}

/** What a server says that has no change streams (`Location40573`). */
const REFUSED: StreamFault = { failCommands: ['aggregate', 'getMore'], errorCode: 40573 };
/** They open, and then nothing comes: neither a change nor an error. */
const SILENT: StreamFault = { failCommands: ['getMore'], blockConnection: true, blockTimeMS: 60_000 };

function settingsOf({ stores }: BenchPlan): readonly Setting[] {
  const sqlite: Setting = { name: 'SQLite', open: () => freshDatabase('sqlite'), processes: 1 };
  const mongodb: readonly Setting[] = [
    { name: 'MongoDB, change streams', open: () => freshDatabase('mongodb'), processes: 2 },
    { name: 'MongoDB, change streams refused', open: faultyDatabase, processes: 2, fault: REFUSED },
    { name: 'MongoDB, change streams silent', open: faultyDatabase, processes: 2, fault: SILENT },
  ];
  return [...(stores.includes('sqlite') ? [sqlite] : []), ...(stores.includes('mongodb') ? mongodb : [])];
}

/** From now on every change stream meets the fault: their commands are the only ones on this name. */
function breakStreams({ url }: Database, fault: StreamFault): Promise<void> {
  return onMongod(url, async (client) => {
    const data = { ...fault, namespace: `${client.db().databaseName}.$cmd.aggregate`, appName: 'keypool' };
    await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data });
  });
}

async function measureSetting(setting: Setting, trials: number): Promise<string[][]> {
  const { name, open, processes, fault } = setting;
  await using until = new AsyncDisposableStack();
  const database = await open();
  until.defer(database.drop);
  const changed = await startKeypool(database.url);
  until.defer(changed.stop);
  const drawn = processes === 1 ? changed : await startKeypool(database.url);
  if (drawn !== changed) until.defer(drawn.stop);
  if (fault !== undefined) await breakStreams(database, fault);
  const client = createKeypoolClient({ baseUrl: `http://127.0.0.1:${changed.port}`, token: ADMIN_TOKEN });
  until.defer(async () => client.close());
  const rows: string[][] = [];
  for (const revocation of REVOCATIONS) {
    const latencies = await runTrials({ admin: client.admin, drawPort: drawn.port }, revocation, trials);
    const worst = Math.max(...latencies);
    const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    progress(`${name}: ${revocation.name}: p50 ${figure(p50, 1)} ms, worst ${figure(worst, 1)} ms`);
    rows.push([
      ...[name, String(processes), revocation.name, String(latencies.length)],
      ...[figure(p50, 1), figure(p99, 1), figure(worst, 1), ...targetCells(worst, REVOCATION_TARGET)],
    ]);
  }
  return rows;
}

/** How long draws are still served by what was before a change, counted from the answer to the change. */
export const revocation: Section = async (plan): Promise<readonly Table[]> => {
  const rows: string[][] = [];
  for (const setting of settingsOf(plan)) rows.push(...(await measureSetting(setting, plan.trials)));
  const head = ['store', 'processes', 'change', 'trials', 'p50 ms', 'p99 ms', 'worst ms', ...TARGET_HEAD];
  return [{ title: 'Revocation: from the answer to the last draw served in spite of it', head, rows }];
};
