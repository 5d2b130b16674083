import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ChargeRun, chargePools, chargeRuns } from '../../src/model/credit.ts';
import { type MeterStates, meterId, type Stamp } from '../../src/model/meter.ts';
import type { Limit } from '../../src/model/tier.ts';
import {
  type CreditPoolDocument,
  chargePipeline,
  type PoolTake,
  refundFilter,
  refundPipeline,
} from '../../src/store/mongodb/credit-pipeline.ts';
import { databaseOfFile } from '../support/mongodb-database.ts';

const database = databaseOfFile();
const rows = () => database().db.collection<CreditPoolDocument>('credit_pools');

const START = 1_700_000_000_000;

/** Exact ones and such in buckets, of one window: as when an admin edits the number of credits. */
const limit: fc.Arbitrary<Limit> = fc
  .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 30, max: 500 }))
  .map((credits) => ({ limit: credits, windowMs: 3210, algorithm: 'sliding', guardMs: null }));

const run: fc.Arbitrary<ChargeRun> = fc.record({
  cost: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 100 })),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 20 })),
});

const step = fc.record({
  afterMs: fc.oneof(fc.integer({ min: -50, max: 5 }), fc.integer({ min: 0, max: 2500 })),
  limit: fc.option(limit, { freq: 8 }),
  runs: fc.array(run, { minLength: 1, maxLength: 6 }),
  /** How much of what was granted is given back, 0 to 1. */
  back: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
});

function stampsOf(states: MeterStates, of: Limit): readonly Stamp[] {
  const state = states[meterId(of)];
  return state !== undefined && 'stamps' in state ? state.stamps : [];
}

/** The meters after credits of a take are given back. */
function givenBack(states: MeterStates, of: Limit, { stamp }: PoolTake, credits: number): MeterStates {
  const stamps = stampsOf(states, of).map(({ at, n }) => ({ at, n: at === stamp ? n - credits : n }));
  return { [meterId(of)]: { stamps: stamps.filter(({ n }) => n > 0) } };
}

const spentBy = (runs: readonly ChargeRun[], granted: readonly number[]): number =>
  runs.reduce((sum, { cost }, i) => sum + cost * (granted[i] ?? 0), 0);

describe('charges of a pool', () => {
  it('are decided by the database as by the model, whatever comes before', async () => {
    let name = 0;
    await fc.assert(
      fc.asyncProperty(limit, fc.array(step, { minLength: 1, maxLength: 14 }), async (first, steps) => {
        name += 1;
        const id = `pool-${name}`;
        let [states, now, last, current]: [MeterStates, number, number, Limit] = [{}, START, 0, first];
        for (const [i, { afterMs, limit: edited, runs, back }] of steps.entries()) {
          now += afterMs;
          current = edited ?? current;
          last = Math.max(last, now);
          const take = `take-${i}`;
          const request = { take, limit: current, runs, settled: i % 2 === 0 ? [] : [`take-${i - 1}`] };
          const row = await rows().findOneAndUpdate({ _id: id }, chargePipeline(request, now), {
            upsert: true,
            returnDocument: 'after',
          });
          assert.ok(row !== null);
          const expected = chargeRuns(states, current, runs, last);
          assert.deepEqual(row.took.granted, expected.granted);
          assert.equal(row.took.at, last);
          assert.deepEqual(row.meter.stamps, stampsOf(expected.states, current));
          assert.equal(row.takes[0]?.take, take);
          assert.equal(
            row.takes.some((one) => request.settled.includes(one.take)),
            false,
          );
          assert.ok(row.expireAt.getTime() >= last + current.windowMs);
          states = expected.states;
          const credits = Math.floor(spentBy(runs, row.took.granted) * (back ?? 0));
          if (credits === 0 || row.took.stamp === null) continue;
          const refund = refundPipeline(take, row.took.stamp, credits);
          for (const times of [1, 0]) {
            const { matchedCount } = await rows().updateOne(refundFilter({ id }, take), refund);
            assert.equal(matchedCount, times);
          }
          states = givenBack(states, current, row.took, credits);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('together are as one after another', () => {
    fc.assert(
      fc.property(limit, fc.array(step, { minLength: 1, maxLength: 20 }), (of, steps) => {
        const pool = { id: 'pool', limit: of };
        let [together, single, now]: [MeterStates, MeterStates, number] = [{}, {}, START];
        for (const { afterMs, runs } of steps) {
          now += Math.abs(afterMs);
          // Each charge drops what no longer counts; none drops nothing.
          if (runs.every(({ count }) => count === 0)) continue;
          const { granted, states } = chargeRuns(together, of, runs, now);
          together = states;
          for (const [i, { cost, count }] of runs.entries()) {
            let served = 0;
            for (let each = 0; each < count; each += 1) {
              const one = chargePools([single], [pool], cost, now);
              single = one.held[0] ?? {};
              if (one.granted) served += 1;
            }
            assert.equal(granted[i], served);
          }
          assert.deepEqual(stampsOf(together, of), stampsOf(single, of));
        }
      }),
    );
  });
});
