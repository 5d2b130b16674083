import type { Budget } from '../../model/budget.ts';
import { type KeyLifecycle, type KeyState, type OpenTake, PLAIN_TRAITS, WELL } from '../../model/key.ts';
import type { MeterState, MeterStates, Stamp } from '../../model/meter.ts';
import type { QueueName } from '../../model/tier.ts';

/** Stamps as `at, n, at, n …`; a fixed window as `startAt, used`. Moments before or after the last take, in ms. */
type MeterNumbers = readonly number[];
/** Rows of the first schemas end with the epoch. */
type BudgetTuple = readonly [
  limit: number,
  windowMs: number | null,
  used: number,
  startAt: number | null,
  epoch: number,
  countsFrom?: number,
  periods?: Budget['periods'],
  forgiven?: number,
];
/** Where the key stands in a queue (r: ready, d: due, o: out), its rank or moment, the rank of its last use. */
type QueueTuple = readonly ['r' | 'd' | 'o', number, number | null];

/** A key's state as JSON text: positional, since a draw reads and writes it whole. */
type HotTuple = readonly [
  state: KeyLifecycle,
  expireAt: number | null,
  revision: number,
  takenAt: number,
  epoch: number,
  freshRank: number,
  meters: Readonly<Record<string, Readonly<Record<string, MeterNumbers>>>>,
  budgets: readonly BudgetTuple[],
  open: readonly OpenTake[],
  queues: Readonly<Record<QueueName, QueueTuple>>,
  /** Only where some of it is not what most keys have. */
  more?: Pick<KeyState, 'traits' | 'health' | 'holds'>,
];

function meterNumbers(state: MeterState, takenAt: number): MeterNumbers {
  if ('startAt' in state) return [state.startAt - takenAt, state.used];
  const numbers: number[] = [];
  for (const stamp of state.stamps) numbers.push(stamp.at - takenAt, stamp.n);
  return numbers;
}

/** The meter's id tells which kind it is: `f…` or `s…`. */
function meterState(id: string, numbers: MeterNumbers, takenAt: number): MeterState {
  if (id.startsWith('f')) return { startAt: takenAt + (numbers[0] ?? 0), used: numbers[1] ?? 0 };
  const stamps: Stamp[] = [];
  for (let i = 0; i < numbers.length; i += 2)
    stamps.push({ at: takenAt + (numbers[i] ?? 0), n: numbers[i + 1] ?? 0 });
  return { stamps };
}

// Made from entries: an assignment to a feature called `__proto__` would be lost.
function packMeters({ meters, takenAt }: KeyState): HotTuple[6] {
  return Object.fromEntries(
    Object.entries(meters).map(([feature, states]) => [
      feature,
      Object.fromEntries(Object.entries(states).map(([id, state]) => [id, meterNumbers(state, takenAt)])),
    ]),
  );
}

function unpackMeters(packed: HotTuple[6], takenAt: number): Record<string, MeterStates> {
  return Object.fromEntries(
    Object.entries(packed).map(([feature, states]) => [
      feature,
      Object.fromEntries(
        Object.entries(states).map(([id, numbers]) => [id, meterState(id, numbers, takenAt)]),
      ),
    ]),
  );
}

function packQueues(state: KeyState): HotTuple[9] {
  const queues: Record<QueueName, QueueTuple> = {};
  const { ready, due, lastRank } = state;
  for (const queue of Object.keys(lastRank) as QueueName[]) queues[queue] = ['o', 0, lastRank[queue] ?? null];
  for (const queue of Object.keys(due) as QueueName[])
    queues[queue] = ['d', due[queue] ?? 0, lastRank[queue] ?? null];
  for (const queue of Object.keys(ready) as QueueName[])
    queues[queue] = ['r', ready[queue] ?? 0, lastRank[queue] ?? null];
  return queues;
}

function unpackQueues(queues: HotTuple[9]): Pick<KeyState, 'ready' | 'due' | 'lastRank'> {
  const ready: Record<QueueName, number> = {};
  const due: Record<QueueName, number> = {};
  const lastRanks: Record<QueueName, number> = {};
  for (const queue of Object.keys(queues) as QueueName[]) {
    const [place, position, lastRank] = queues[queue] ?? ['o', 0, null];
    if (place === 'r') ready[queue] = position;
    if (place === 'd') due[queue] = position;
    if (lastRank !== null) lastRanks[queue] = lastRank;
  }
  return { ready, due, lastRank: lastRanks };
}

function packBudget(budget: Budget): BudgetTuple {
  const { limit, windowMs, used, startAt, epoch, countsFrom, periods, forgiven } = budget;
  if (forgiven !== undefined) return [limit, windowMs, used, startAt, epoch, countsFrom, periods, forgiven];
  const usual: BudgetTuple = [limit, windowMs, used, startAt, epoch, countsFrom];
  return periods === null ? usual : [limit, windowMs, used, startAt, epoch, countsFrom, periods];
}

function unpackBudget([
  limit,
  windowMs,
  used,
  startAt,
  epoch,
  countsFrom = 0,
  periods = null,
  forgiven,
]: BudgetTuple): Budget {
  const budget = { limit, windowMs, periods, used, startAt, epoch, countsFrom };
  return forgiven === undefined ? budget : { ...budget, forgiven };
}

/** Nothing for a key that has nothing of it, as most. */
function packMore({ traits, health, holds }: KeyState): [] | [Pick<KeyState, 'traits' | 'health' | 'holds'>] {
  const usual = isSame(traits, PLAIN_TRAITS) && isSame(health, WELL) && holds.length === 0;
  return usual ? [] : [{ traits, health, holds }];
}

/** Rows share these objects, so most are the same one. */
function isSame<T extends object>(value: T, usual: T): boolean {
  return value === usual || JSON.stringify(value) === JSON.stringify(usual);
}

/** The state of a key as one line of text. */
export function packState(state: KeyState): string {
  const { state: lifecycle, expireAt, revision, takenAt, epoch, freshRank, open } = state;
  const tuple: HotTuple = [
    lifecycle,
    expireAt,
    revision,
    takenAt,
    epoch,
    freshRank,
    packMeters(state),
    state.budgets.map(packBudget),
    open,
    packQueues(state),
    ...packMore(state),
  ];
  return JSON.stringify(tuple);
}

/** What {@link packState} wrote. */
export function unpackState(text: string): KeyState {
  const tuple = JSON.parse(text) as HotTuple;
  const [state, expireAt, revision, takenAt, epoch, freshRank, meters, budgets, open, queues, more] = tuple;
  const places = unpackQueues(queues);
  return {
    state,
    expireAt,
    revision,
    takenAt,
    epoch,
    freshRank,
    meters: unpackMeters(meters, takenAt),
    budgets: budgets.map(unpackBudget),
    open,
    ...places,
    ...(more ?? { traits: PLAIN_TRAITS, health: WELL, holds: [] }),
  };
}
