import type { TestContext } from 'node:test';
import { type AuditRow, unitsOf } from '../support/audit-rows.ts';
import { type Load, reasonsOf, type ServedDraw } from '../support/load-callers.ts';
import type { KeypoolProcess } from '../support/load-servers.ts';
import type { Mongod } from '../support/mongod.ts';
import { withClient } from '../support/mongod-election.ts';
import { replacements } from '../support/serving-processes.ts';

export type Run = {
  readonly faults: number;
  readonly killedProcesses: number;
  readonly faultsMs: number;
  readonly drainMs: number;
  readonly windows: number;
  /** What was drawn during the faults. */
  readonly load: Load;
  /** What was drawn after them. */
  readonly drained: readonly ServedDraw[];
  readonly rows: readonly AuditRow[];
  readonly server: KeypoolProcess;
  readonly mongod: Mongod;
};

const SELECTION_MS = 10_000;

/** Prints what a run came to. */
export async function report(t: TestContext, run: Run): Promise<void> {
  const { load, drained, rows, server } = run;
  const served = [...load.served, ...drained];
  const withheld = rows.filter((row) => row.withheld);
  const unseen = unitsOf(rows) - unitsOf(withheld) - unitsOf(served);
  const seconds = (ms: number) => Math.round(ms / 1000);
  const slowest = Math.max(...load.served.map(({ sentAt, answeredAt }) => answeredAt - sentAt));
  for (const line of [
    `${run.faults} primaries gone, ${run.killedProcesses} processes killed, ${replacements(server)} replaced`,
    `${seconds(run.faultsMs)} s of faults, ${seconds(run.drainMs)} s of draining`,
    `${served.length} draws served (${drained.length} of them in the end), ${rows.length} rows`,
    `${run.windows} windows looked at, none over`,
    `${load.lost()} answers lost, refused meanwhile: ${JSON.stringify(reasonsOf(load.refused))}`,
    `${await voidedTakes(run.mongod)} takes voided: their units went back`,
    `${unitsOf(withheld)} units withheld, ${unseen} on record whose answer was lost`,
    `nobody was served for ${Math.round(longestOutageMs(load.served))} ms at most`,
    `the slowest draw that was served took ${Math.round(slowest)} ms`,
  ])
    t.diagnostic(line);
}

/** Rows that say that a take never was. */
function voidedTakes(mongod: Mongod): Promise<number> {
  return withClient(mongod.databaseUri('keypool'), SELECTION_MS, (client) =>
    client.db('keypool').collection('usage_events').countDocuments({ kind: 'void' }),
  );
}

/** The longest time in which no caller at all was served, in ms. */
function longestOutageMs(served: readonly ServedDraw[]): number {
  const moments = served.map(({ answeredAt }) => answeredAt).toSorted((a, b) => a - b);
  return moments.reduce((longest, at, index) => Math.max(longest, at - (moments[index - 1] ?? at)), 0);
}
