import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Document } from 'mongodb';
import type { Budget } from '../../src/model/budget.ts';
import type { KeyState } from '../../src/model/key.ts';
import { PLAIN_TRAITS, WELL } from '../../src/model/key.ts';
import { liveStamps, meterId, type Stamp } from '../../src/model/meter.ts';
import { type TakeRequest, takeFromKey } from '../../src/model/take.ts';
import { type Limit, queueName } from '../../src/model/tier.ts';
import { PLAIN_POLICY } from '../../src/model/tier-policy.ts';
import { directFilter, directUpdate } from '../../src/store/mongodb/direct-take.ts';
import {
  fromStateDocument,
  type StateDocument,
  toStateDocument,
} from '../../src/store/mongodb/key-document.ts';
import {
  fitsRoom,
  type ReadRow,
  roomOf,
  roomyFilter,
  roomyPipeline,
  type Stamped,
} from '../../src/store/mongodb/roomy-take.ts';
import type { RowShape } from '../../src/store/mongodb/take-decision.ts';
import { takeFilter, takePipeline } from '../../src/store/mongodb/take-pipeline.ts';
import { databaseOfFile } from '../support/mongodb-database.ts';

type Row = StateDocument & { readonly _id: string; readonly took?: unknown };

const database = databaseOfFile();
const rows = () => database().db.collection<Row>('keys');

/** Windows and steps of the same order, so that windows fill, roll and leave within a short sequence. */
const limit: fc.Arbitrary<Limit> = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 30, max: 40 })),
  windowMs: fc.constantFrom(100, 1000, 3210),
  algorithm: fc.constantFrom('sliding' as const, 'fixed' as const),
  guardMs: fc.constantFrom(null, 0, 17),
});

const budget: fc.Arbitrary<Omit<Budget, 'epoch'>> = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  windowMs: fc.constantFrom(null, 700, 2010, 30_010),
  used: fc.integer({ min: 0, max: 3 }),
  startAt: fc.constant(null),
  periods: fc.constant(null),
  countsFrom: fc.constant(0),
});

const FEATURES = ['scrape', 'map:v2'] as const;
const START = 1_700_000_000_000;

const step = fc.record({
  afterMs: fc.oneof(fc.integer({ min: -50, max: 5 }), fc.integer({ min: 0, max: 1500 })),
  feature: fc.constantFrom(...FEATURES),
  units: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 })),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  charge: fc.constantFrom('all' as const, 'all' as const, 'rate' as const),
  openMs: fc.constantFrom(900, 900, 900, 0),
  /** Which of the open takes are known to be settled. */
  settle: fc.constantFrom('none', 'first', 'all'),
  edit: fc.oneof(
    { weight: 12, arbitrary: fc.constant({ kind: 'none' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('limits' as const),
        limits: fc.array(limit, { maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'older' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('state' as const),
        state: fc.constantFrom('active' as const, 'disabled' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('expiry' as const),
        inMs: fc.constantFrom(null, -1, 0, 2000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('full' as const), of: fc.constantFrom(63, 64) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('budgets' as const),
        budgets: fc.array(budget, { maxLength: 4 }),
      }),
    },
  ),
});

const scenario = fc.record({
  limits: fc.record({
    scrape: fc.array(limit, { maxLength: 4 }),
    'map:v2': fc.array(limit, { maxLength: 2 }),
  }),
  budgets: fc.oneof(fc.constant([]), fc.array(budget, { maxLength: 4 })),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
});

/** One unit of the first feature. */
const PLAIN_STEP: Step = {
  ...{ afterMs: 0, feature: 'scrape', units: 1, count: 1, charge: 'all', openMs: 0, settle: 'none' },
  edit: { kind: 'none' },
};

const LIFETIME = { windowMs: null, used: 0, startAt: null, periods: null, countsFrom: 0 };

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function withBudgets(state: KeyState, budgets: readonly Omit<Budget, 'epoch'>[]): KeyState {
  return {
    ...state,
    budgets: budgets.map((one, i) => ({ ...one, epoch: state.epoch + 1 + i })),
    epoch: state.epoch + budgets.length,
  };
}

function freshState(budgets: readonly Omit<Budget, 'epoch'>[]): KeyState {
  const state: KeyState = {
    state: 'active',
    expireAt: null,
    revision: 1,
    takenAt: 0,
    meters: {},
    budgets: [],
    epoch: 0,
    open: [],
    ready: Object.fromEntries(FEATURES.map((feature) => [queueName('tier', feature), 1])),
    due: {},
    lastRank: {},
    freshRank: 1,
    traits: PLAIN_TRAITS,
    health: WELL,
    holds: [],
  };
  return withBudgets(state, budgets);
}

function openTakes(state: KeyState, count: number, now: number): KeyState {
  const filler = Array.from({ length: count }, (_, i) => ({
    take: `filler-${i}`,
    n: 1,
    units: 1,
    end: now + 500 + i,
    epochs: state.budgets.map(({ epoch }) => epoch),
  }));
  return { ...state, open: filler };
}

/** What an admin's edit does to the row between two takes. */
function edited(state: KeyState, { edit, feature }: Step, now: number): KeyState {
  if (edit.kind === 'state') {
    const places = { ready: { ...state.due, ...state.ready, [queueName('tier', feature)]: 5 }, due: {} };
    return { ...state, state: edit.state, ...places };
  }
  if (edit.kind === 'expiry') return { ...state, expireAt: edit.inMs === null ? null : now + edit.inMs };
  if (edit.kind === 'budgets') return withBudgets(state, edit.budgets);
  if (edit.kind === 'full' && state.budgets.length > 0) return openTakes(state, edit.of, now);
  return state;
}

function requestOf(
  current: Step,
  i: number,
  limits: readonly Limit[],
  revision: number,
  state: KeyState,
): TakeRequest {
  const settled = { none: 0, first: 1, all: state.open.length }[current.settle] ?? 0;
  return {
    take: `take-${i}`,
    queue: queueName('tier', current.feature),
    feature: current.feature,
    limits,
    policy: PLAIN_POLICY,
    revision,
    units: current.units,
    count: current.count,
    rank: 1000 + i,
    openMs: current.openMs,
    settled: state.open.slice(0, settled).map((open) => open.take),
    charge: current.charge,
  };
}

/** Takes with the pipeline of that shape; null when the row is of another. */
async function takeInStore(state: KeyState, request: TakeRequest, now: number, shape: RowShape) {
  await rows().replaceOne({ _id: 'key' }, toStateDocument(state), { upsert: true });
  return rows().findOneAndUpdate(
    { _id: 'key', ...takeFilter(request, shape) },
    takePipeline(request, shape, now),
    { returnDocument: 'after' },
  );
}

/** What stamps come to, as a candidate read gives it. */
function stampedOf(state: KeyState, { feature, limits }: TakeRequest): Record<string, Stamped> {
  const stamps = (limit: Limit): readonly Stamp[] => {
    const meter = state.meters[feature]?.[meterId(limit)];
    return meter !== undefined && 'stamps' in meter ? meter.stamps : [];
  };
  return Object.fromEntries(
    limits.map((limit) => {
      const all = stamps(limit);
      const units = all.reduce((sum, { n }) => sum + n, 0);
      return [meterId(limit), { units, count: all.length, last: all.at(-1) ?? null }];
    }),
  );
}

/** How many short takes were made, each in both forms. */
interface ShortTakes {
  count: number;
}

/** The short takes of a row with room for one, as a pipeline and as a direct take; none where there is no room. */
async function takesFromRoom(
  state: KeyState,
  request: TakeRequest,
  now: number,
  { lastTake, made }: { readonly lastTake: string | null; readonly made: ShortTakes },
) {
  const took = lastTake === null ? {} : { took: { take: lastTake, at: state.takenAt } };
  const document = { ...toStateDocument(state), ...took, turn: 'turn', version: 1 };
  const room = roomOf({ ...document, stamped: stampedOf(state, request) }, request, now);
  if (room === null || !fitsRoom(room, request)) return [];
  const moment = { at: Math.max(now, state.takenAt), by: Infinity };
  // Whether it may be carried out decides nothing of what it makes of the row.
  const { $expr: _moment, ...filter } = directFilter(room, request, moment) as Record<string, unknown>;
  const update = directUpdate(room, request, moment, { by: 'process', shared: false });
  const pipeline = await changed(document, roomyFilter(room, request), roomyPipeline(room, request, now));
  const direct = await changed(document, filter, update);
  assert.equal(direct === null, pipeline === null, 'both hold for the same rows');
  assert.equal(
    await changed({ ...document, turn: 'another' }, filter, update),
    null,
    'a row that was written',
  );
  if (pipeline === null || direct === null) return [];
  made.count += 1;
  const { takenBy, ...rest } = direct;
  assert.equal(takenBy, 'process');
  return [pipeline, { ...rest, meters: withoutDeadStamps(rest.meters, request, moment.at) }];
}

/** The row after an update, but for what no take changes; null where the filter passes it over. */
async function changed(document: object, filter: object, update: object) {
  await rows().replaceOne({ _id: 'key' }, document as StateDocument, { upsert: true });
  const row = await rows().findOneAndUpdate({ _id: 'key', ...filter }, update, { returnDocument: 'after' });
  if (row === null) return null;
  const { version: _version, turn: _turn, ...rest } = row as typeof row & Record<string, unknown>;
  return rest as Row & { readonly takenBy?: string };
}

/** The meters but for what counts no more under the feature's limits, which a direct take leaves. */
function withoutDeadStamps(meters: KeyState['meters'], { feature, limits }: TakeRequest, now: number) {
  const ofFeature = meters[feature] ?? {};
  const live = limits.flatMap((limit): [string, unknown][] => {
    const meter = ofFeature[meterId(limit)];
    if (meter === undefined || !('stamps' in meter)) return [];
    return [[meterId(limit), { ...meter, stamps: liveStamps(meter, limit, now) }]];
  });
  return { ...meters, [feature]: Object.fromEntries(live) };
}

test('random takes give the same state and answer in the model and in a real pipeline', async () => {
  const made: ShortTakes = { count: 0 };
  const property = fc.asyncProperty(scenario, async ({ limits: firstLimits, budgets, steps }) => {
    const limits: Record<string, readonly Limit[]> = { ...firstLimits };
    let state = freshState(budgets);
    let revision = 1;
    let now = START;
    for (const [i, current] of steps.entries()) {
      now += current.afterMs;
      state = edited(state, current, now);
      if (current.edit.kind === 'limits') {
        limits[current.feature] = current.edit.limits;
        revision += 1;
      }
      const asked = current.edit.kind === 'older' ? revision - 1 : revision;
      const request = requestOf(current, i, limits[current.feature] ?? [], asked, state);
      const expected = takeFromKey(state, request, now);
      const canonical = { ...toStateDocument(expected.state), _id: 'key', took: expected.took };
      for (const shape of ['plain', 'budgeted', 'any'] as const) {
        const row = await takeInStore(state, request, now, shape);
        if (row === null) {
          assert.notEqual(shape, 'any');
          continue;
        }
        assert.deepEqual(fromStateDocument(row), expected.state);
        assert.deepEqual(row.took, expected.took);
        assert.deepEqual(row, canonical, 'the stored form is canonical');
      }
      const lastTake = i === 0 ? null : `take-${i - 1}`;
      for (const short of await takesFromRoom(state, request, now, { lastTake, made }))
        assert.deepEqual(short, canonical, 'a short take');
      state = expected.state;
    }
  });
  await fc.assert(property, { numRuns: Number(process.env.PROPERTY_RUNS ?? 100) });
  assert.ok(made.count > 0, 'no random take found room for a short one');
});

test('a direct take happens only where the time of the server is that of the take', async () => {
  const limits = [{ limit: 100, windowMs: 60_000, algorithm: 'sliding', guardMs: null } as const];
  const state = freshState([]);
  const request = { ...requestOf(PLAIN_STEP, 0, limits, 1, state), limits };
  const document = { ...toStateDocument(state), version: 1 };
  const room = roomOf({ ...document, stamped: stampedOf(state, request) }, request, Date.now());
  assert.ok(room !== null);
  /** From so many ms after now on, for so long. */
  const isMade = async (afterMs: number, forMs: number): Promise<boolean> => {
    await rows().replaceOne({ _id: 'key' }, document, { upsert: true });
    const at = Date.now() + afterMs;
    const moment = { at, by: at + forMs };
    const filter = { _id: 'key', ...directFilter(room, request, moment) };
    const update = directUpdate(room, request, moment, { by: 'process', shared: false });
    const { matchedCount } = await rows().updateOne(filter, update);
    const row = await rows().findOne({ _id: 'key' });
    const stamps = { stamps: [{ at: Math.ceil(at / 1000) * 1000, n: 1 }] };
    if (matchedCount === 1) assert.deepEqual(row?.meters, { scrape: { s60000: stamps } });
    assert.equal(row?.took !== undefined, matchedCount === 1);
    return matchedCount === 1;
  };
  assert.equal(await isMade(-20_000, 10_000), false, 'it is too late');
  assert.equal(await isMade(10_000, 20_000), false, 'it is too early');
  assert.equal(await isMade(-10_000, 20_000), true);
});

test('direct takes of a queue that others draw from too keep the last ones in the row', async () => {
  const state = freshState([]);
  const request = requestOf(PLAIN_STEP, 9, [], 1, state);
  const before = { ...toStateDocument(state), version: 1 };
  await rows().replaceOne({ _id: 'key' }, before, { upsert: true });
  const own = (i: number): string => `take-${i}`;
  for (let i = 0; i < 7; i += 1) {
    const row = await rows().findOne<ReadRow>({ _id: 'key' });
    const took = row?.took;
    const seen = took === undefined ? {} : { took: { take: took.take, at: took.at } };
    const room = row === null ? null : roomOf({ ...row, ...seen, stamped: {} }, request, START);
    assert.ok(room !== null);
    const moment = { at: START + i, by: Infinity };
    const { $expr: _moment, ...filter } = directFilter(room, request, moment) as Record<string, unknown>;
    const update = directUpdate(room, { ...request, take: own(i) }, moment, { by: 'process', shared: true });
    assert.equal((await rows().updateOne({ _id: 'key', ...filter }, update)).matchedCount, 1);
  }
  const row = (await rows().findOne({ _id: 'key' })) as Document | null;
  assert.equal(row?.took.take, own(6));
  assert.deepEqual(
    row?.earlier,
    [5, 4, 3, 2].map((i) => ({ take: own(i), at: START + i })),
  );
});

test('direct takes of one bucket count in one stamp of each limit, as in the model', async () => {
  const limits = [60_000, 6000].map((windowMs) => ({
    ...{ limit: 100, windowMs, algorithm: 'sliding' as const, guardMs: null },
  }));
  let state = freshState([500, 600].map((limit) => ({ ...LIFETIME, limit })));
  const meters: unknown[] = [];
  for (const [i, afterMs] of [1, 40, 60, 100, 999, 1001].entries()) {
    const settled = state.open.map(({ take }) => take);
    const request = { ...requestOf(PLAIN_STEP, i, limits, 1, state), openMs: 900, units: 2, settled };
    const lastTake = i === 0 ? null : `take-${i - 1}`;
    const expected = takeFromKey(state, request, START + afterMs);
    const canonical = { ...toStateDocument(expected.state), _id: 'key', took: expected.took };
    const short = await takesFromRoom(state, request, START + afterMs, { lastTake, made: { count: 0 } });
    assert.deepEqual(short, [canonical, canonical]);
    state = expected.state;
    meters.push(Object.values(state.meters.scrape ?? {}).map((meter) => 'stamps' in meter && meter.stamps));
  }
  const stamp = (afterMs: number, n: number) => ({ at: START + afterMs, n });
  assert.deepEqual(meters.at(-1), [
    [stamp(1000, 10), stamp(2000, 2)],
    [stamp(100, 8), stamp(1000, 2), stamp(1100, 2)],
  ]);
});
