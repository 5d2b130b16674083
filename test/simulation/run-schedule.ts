import type { DrawEvent, UsageEvent } from '../../src/model/audit.ts';
import type { Key } from '../../src/model/key.ts';
import type { QuotaGroup } from '../../src/model/quota-group.ts';
import { fromGroupDocument, type GroupDocument } from '../../src/store/mongodb/group-document.ts';
import { fromKeyDocument, type KeyDocument } from '../../src/store/mongodb/key-document.ts';
import type { Page, Store } from '../../src/store/port.ts';
import { isDraw } from '../support/listing.ts';
import { isFields, type Row, unknownNames } from './document-store/values.ts';
import type { KeypoolProcess, Leaving } from './keypool-process.ts';
import type { Onlookers } from './process-starter.ts';
import type { Schedule } from './schedule.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';
import { replaceTimers } from './virtual-timers.ts';
import { createWorld, type World } from './world.ts';

/** What a run came to: all that the checks are made on. */
export interface Outcome {
  readonly schedule: Schedule;
  /** False when draws were still waiting, or takes open, at the end of all patience. */
  readonly isDrained: boolean;
  readonly left: readonly Leaving[];
  /** The audit as the store lists it. */
  readonly rows: readonly DrawEvent[];
  readonly keys: readonly Key[];
  readonly groups: readonly QuotaGroup[];
  /** When a report of a draw was sent for the first time, in true time (ms), by draw id. */
  readonly reportedAt: ReadonlyMap<string, number>;
  readonly clockSpreadMs: number;
  /** Reset by an admin, at most that often, by key id. */
  readonly resets: (keyId: string) => number;
  /** Greater than all ids made before the last reset was confirmed, less than those after; null without one. */
  readonly resetBefore: (keyId: string) => string | null;
  /** What became of the callers' draws, by the kind of their last answer. */
  readonly wishesEnded: ReadonlyMap<string, number>;
  /** Names of processes that did not tell of a jump of the database's clock. */
  readonly unaware: readonly string[];
  readonly broken: readonly unknown[];
}

const END_MS = 600_000;
/** The drain begins this long after all is well, and when no edit is under way any more. */
const DRAIN_AFTER_MS = 3000;
const DRAIN_AGAIN_MS = 500;
/** What is drawn in the end of a feature whose keys never run out. */
const ENDLESS_DRAIN = 12;

/** Runs a schedule from its beginning to the moment when nothing is left to happen. */
export async function runSchedule(
  schedule: Schedule,
  { trace = () => {}, observe = () => {} }: Partial<Onlookers> = {},
): Promise<Outcome> {
  const time = createVirtualTime();
  const timed = (line: () => string) => trace(() => `${time.nowMs().toFixed(2).padStart(10)} ${line()}`);
  const restoreTimers = replaceTimers(time);
  try {
    const world = createWorld(schedule, time, { trace: timed, observe });
    return await simulate(schedule, time, world, timed);
  } finally {
    restoreTimers();
  }
}

async function simulate(
  schedule: Schedule,
  time: VirtualTime,
  world: World,
  trace: Onlookers['trace'],
): Promise<Outcome> {
  const { callers, admin, replicaSet, broken } = world;
  for (const { atMs, incident } of schedule.incidents) time.after(atMs, () => world.happen(incident), null);
  for (const wish of schedule.wishes) callers.send(wish);
  let isDraining = false;
  const drain = () => {
    if (world.disabled() + admin.underWay() > 0) {
      time.after(DRAIN_AGAIN_MS, drain, null);
      return;
    }
    trace(() => '* drain');
    isDraining = true;
    for (const feature of new Set(schedule.wishes.map((wish) => wish.feature)))
      callers.drain(feature, runsOut(schedule, feature) ? Infinity : ENDLESS_DRAIN);
  };
  time.after(schedule.healsAtMs + DRAIN_AFTER_MS, drain, null);

  const rowsOf = (table: string) => [...replicaSet.primary().tables.rows(table)];
  const keyRows = () => rowsOf('keys');
  const isSettled = () =>
    isDraining &&
    callers.underWay() === 0 &&
    admin.underWay() === 0 &&
    [...keyRows(), ...rowsOf('quota_groups')].every(({ open }) => Array.isArray(open) && open.length === 0) &&
    rowsOf('outcome_reports').every(({ applied }) => applied === true);
  // Commands that were long on their way still arrive; what they took is settled once more.
  let isDrained = await time.run(isSettled, END_MS);
  const lastArrivalMs = world.lastArrivalMs();
  await time.run(() => time.nowMs() > lastArrivalMs, END_MS);
  isDrained &&= await time.run(isSettled, END_MS);

  const unaware = await unawareOf(world, time);
  const rows = await listAudit(world, time);
  broken.push(...unknownNames.splice(0).map((name) => new Error(name)));
  return {
    schedule,
    isDrained,
    left: world.left,
    rows,
    keys: keyRows().map((row) => fromKeyDocument(keyDocument(row))),
    groups: rowsOf('quota_groups').map((row) => fromGroupDocument(groupDocument(row))),
    reportedAt: callers.reportedAt,
    clockSpreadMs: replicaSet.clockSpreadMs(),
    resets: admin.resets,
    resetBefore: admin.resetBefore,
    wishesEnded: callers.ended(),
    unaware,
    broken,
  };
}

function keyDocument(row: Row): KeyDocument {
  const isKey = (value: unknown): value is KeyDocument => isFields(value) && 'budgets' in value;
  if (!isKey(row)) throw new Error('a row of keys that is none');
  return row;
}

function groupDocument(row: Row): GroupDocument {
  const isGroup = (value: unknown): value is GroupDocument => isFields(value) && 'limits' in value;
  if (!isGroup(row)) throw new Error('a row of quota groups that is none');
  return row;
}

/** True when every key that offers the feature has a lifetime budget. */
export function runsOut({ tiers, keys }: Schedule, feature: string): boolean {
  const offering = tiers.filter(({ features }) => features.some(({ name }) => name === feature));
  return keys
    .filter(({ tierId }) => offering.some(({ id }) => id === tierId))
    .every(({ budgets }) => budgets.some(({ windowMs }) => windowMs === null));
}

/** More than any uncertainty of a look at the clock, in ms: such a jump must be told of. */
const JUMP_SEEN_MS = 3000;
/** A process that goes on looks at the clock in this time. */
const LOOK_WITHIN_MS = 2500;

/** Processes that were open at the only jump of the clock, a great one, and do not tell of it. */
async function unawareOf({ processes, replicaSet }: World, time: VirtualTime): Promise<string[]> {
  const [jump, ...more] = replicaSet.clockJumps();
  if (jump === undefined || more.length > 0 || Math.abs(jump.byMs) < JUMP_SEEN_MS) return [];
  const witnesses = processes.filter((process) => process.openedAtMs() < jump.atMs);
  if (witnesses.length === 0) return [];
  await time.run(() => false, time.nowMs() + LOOK_WITHIN_MS);
  const unaware: string[] = [];
  for (const process of witnesses) {
    if (process.owner.stalledUntil() + LOOK_WITHIN_MS > time.nowMs()) continue;
    const told = await inTurn(process, time, async (store) => (await store.status()).clockJump);
    if (told === null) unaware.push(process.name);
  }
  return unaware;
}

/** Does something with the store of a process, as a call to it would. */
async function inTurn<T>(
  process: KeypoolProcess,
  time: VirtualTime,
  work: (store: Store) => Promise<T>,
): Promise<T | undefined> {
  const store = process.store();
  if (store === null) return undefined;
  let result: T | undefined;
  let isOver = false;
  const run = async () => {
    try {
      result = await work(store);
    } finally {
      isOver = true;
    }
  };
  const running = new Promise<void>((resolve, reject) => {
    time.after(0, () => void run().then(resolve, reject), process.owner);
  });
  await time.run(() => isOver, time.nowMs() + END_MS);
  await running;
  return result;
}

/** The audit as a process lists it, page by page. */
async function listAudit({ processes }: World, time: VirtualTime): Promise<readonly DrawEvent[]> {
  const openOne = () => processes.find((one) => one.owner.alive() && one.store() !== null);
  await time.run(() => openOne() !== undefined, time.nowMs() + END_MS);
  const process = openOne();
  if (process === undefined) return [];
  const events = await inTurn(process, time, async (store) => {
    const found: DrawEvent[] = [];
    let after: string | null = null;
    do {
      const page: Page<UsageEvent> = await store.listUsageEvents({}, { after, limit: 100 });
      found.push(...page.items.filter(isDraw));
      after = page.next;
    } while (after !== null);
    return found;
  });
  return events ?? [];
}
