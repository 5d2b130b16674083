import { loadServer, type Measured, type ServerLoad, timesOf } from '../load/contender.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { fillPool } from '../pool/fill.ts';
import { smallPool } from '../pool/shape.ts';
import { median, slope } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { type Database, freshDatabase } from '../server/database.ts';
import { startKeypool } from '../server/keypool.ts';
import { type MemorySample, watchMemory } from '../server/memory-watch.ts';
import { countRows } from '../server/row-counts.ts';
import { FLAT_MEMORY_TARGET } from '../targets.ts';

const MINUTE_SECONDS = 60;
/** Samples that make one figure, as collections of garbage move single ones. */
const SMOOTHED = 10;

interface Loaded extends Measured {
  readonly memory: readonly MemorySample[];
}

/** One life of a server under full load. */
async function loadOnce({ url }: Database, load: ServerLoad, seconds: number): Promise<Loaded> {
  const server = await startKeypool(url);
  try {
    const watched = watchMemory(server.pid);
    const measured = await loadServer(server, load, timesOf(seconds));
    return { ...measured, memory: await watched() };
  } finally {
    await server.stop();
  }
}

function memoryCells(store: StoreName, minutes: number, { perSecond, failed, memory }: Loaded): string[] {
  const settledAt = Math.min(MINUTE_SECONDS, (minutes * MINUTE_SECONDS) / 2);
  const after = memory.filter(({ seconds }) => seconds >= settledAt);
  const around = (samples: readonly MemorySample[]): number => median(samples.map(({ mib }) => mib));
  const begin = around(after.slice(0, SMOOTHED));
  const end = around(after.slice(-SMOOTHED));
  const perMinute = slope(after.map(({ seconds, mib }) => ({ x: seconds / MINUTE_SECONDS, y: mib })));
  return [
    ...[store, figure(perSecond), figure(failed), figure(begin), figure(end)],
    ...[figure(Math.max(...memory.map(({ mib }) => mib))), figure(perMinute, 2)],
    ...[figure(end / begin, 2), ...targetCells(end / begin, FLAT_MEMORY_TARGET)],
  ];
}

async function measureStore(plan: BenchPlan, store: StoreName) {
  await using until = new AsyncDisposableStack();
  const database = await freshDatabase(store);
  until.defer(database.drop);
  const { asks } = await fillPool(database, smallPool(plan.keys[0] ?? 1, plan.auditRows));
  const load = { protocol: 'json', asks, callers: Math.max(...plan.callers) } as const;
  // SQLite's rows cannot be counted beside a running server: so the first minute is a life of its own.
  await loadOnce(database, load, Math.min(MINUTE_SECONDS, plan.memoryMinutes * MINUTE_SECONDS));
  const before = await countRows(database);
  progress(`${store}: ${plan.memoryMinutes} minutes at full load`);
  const loaded = await loadOnce(database, load, plan.memoryMinutes * MINUTE_SECONDS);
  const after = await countRows(database);
  const rowCells = [...after].map(([name, count]) => {
    const grown = count - (before.get(name) ?? 0);
    return [store, name, figure(before.get(name) ?? 0), figure(count), figure(grown / loaded.calls, 6)];
  });
  return { memory: memoryCells(store, plan.memoryMinutes, loaded), rows: rowCells };
}

/** What stays the same, and what grows, in minutes at full load. */
export const memory: Section = async (plan): Promise<readonly Table[]> => {
  const measured = [];
  for (const store of plan.stores) measured.push(await measureStore(plan, store));
  const head = [
    'store',
    'draws/s',
    'failed',
    'RSS MiB after a minute',
    'at the end',
    'highest',
    'MiB a minute',
  ];
  return [
    {
      title: `Memory over ${plan.memoryMinutes} minutes at ${Math.max(...plan.callers)} callers`,
      head: [...head, 'end ÷ first', ...TARGET_HEAD],
      rows: measured.map((store) => store.memory),
    },
    {
      title: 'Rows of every table, after one minute of load and after the rest',
      head: ['store', 'table', 'after a minute', 'at the end', 'new rows a draw'],
      rows: measured.flatMap((store) => store.rows),
    },
  ];
};
