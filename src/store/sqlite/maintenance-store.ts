import { basename } from 'node:path';
import type { MaintenanceStore } from '../port.ts';
import type { Core } from './core.ts';
import { IN_MEMORY } from './database-file.ts';
import { createExpiredKeysSweep } from './expired-keys.ts';
import { createJobStep } from './job-step.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { prepare } from './statement.ts';

const JOBS_SHOWN_MS = 60 * 60 * 1000;
const JOBS_SHOWN_MAX = 100;

function createMeta({ db, transactions }: Core): Pick<MaintenanceStore, 'keepMeta' | 'listMeta'> {
  type Row = { readonly name: string; readonly value: string };
  const insert = prepare(db, 'INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING');
  const select = prepare<Row>(db, 'SELECT name, value FROM meta WHERE name = ?');
  const list = prepare<Row>(
    db,
    'SELECT name, value FROM meta WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name',
  );
  return {
    keepMeta: async (name, value) =>
      transactions.write(() => {
        insert.run(name, value);
        return select.get(name)?.value ?? value;
      }),
    listMeta: async (prefix) =>
      transactions.read(() => new Map(list.all(prefix).map((row) => [row.name, row.value]))),
  };
}

function createPoolSizes({ db, transactions }: Core): MaintenanceStore['poolSizes'] {
  const counted = (table: string) =>
    prepare<{ n: number }>(db, `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} LIMIT ?)`);
  const tiers = counted('tiers');
  const keys = counted('keys');
  const consumers = counted('consumers');
  return async (cap) =>
    transactions.read(() => ({
      tiers: tiers.get(cap)?.n ?? 0,
      keys: keys.get(cap)?.n ?? 0,
      consumers: consumers.get(cap)?.n ?? 0,
    }));
}

function close({ db }: Core): void {
  if (!db.isOpen) return;
  // Leaves one file behind, without a log beside it.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

export function createMaintenanceStore(core: Core, path: string): MaintenanceStore {
  const { db, transactions } = core;
  const jobStep = createJobStep(core);
  const parkExpired = createExpiredKeysSweep(core);
  return {
    ...createMeta(core),
    poolSizes: createPoolSizes(core),
    listJobs: async () => transactions.read(() => core.jobs.list(core.now() - JOBS_SHOWN_MS, JOBS_SHOWN_MAX)),
    runJobStep: async (batch) => {
      const job = transactions.write(() => jobStep(batch));
      if (job !== null) core.announce({ kind: 'freed', tierId: job.tierId });
      return job;
    },
    parkExpiredKeys: async (limit) => transactions.write(() => parkExpired(limit)),
    status: async () => {
      core.clockWatch.look();
      return {
        kind: 'sqlite',
        reachable: db.isOpen,
        schemaVersion: SCHEMA_VERSION,
        detail: path === IN_MEMORY ? 'in memory' : basename(path),
        clockJump: core.clockWatch.lastJump(),
      };
    },
    now: core.now,
    onChange: core.onChange,
    // The only process that writes, and it tells of each change before it goes on.
    changeLagMs: () => (db.isOpen ? 0 : Infinity),
    close: async () => transactions.read(() => close(core)),
  };
}
