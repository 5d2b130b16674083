import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { UsageEvent } from '../../src/model/audit.ts';
import type { SummedSpans, UsageSubject } from '../../src/model/usage-summary.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany } from '../support/drawing.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
import { plainCount, recordOf, summaryOf, sumNow } from '../support/summed-usage.ts';

const SPANS: SummedSpans = { hourMs: 100, sliceMs: 20, settleMs: 10, recheckMs: 100 };
const RUNS = 12;

const consumerId = fc.constantFrom('', 'c-1', 'c-2', 'subject:a|b');
const units = fc.integer({ min: 1, max: 1_000_000 });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 2 });

const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('draw' as const),
      feature: fc.constantFrom('a', 'b'),
      count: fc.integer({ min: 1, max: 8 }),
      parts: fc.record({ consumerId, units }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      records: fc.array(
        fc.record({
          kind: fc.constantFrom('verify' as const, 'recorded' as const),
          once: fc.boolean(),
          consumerId: consumerId.filter((id) => id !== ''),
          units: fc.oneof(fc.constant(0), units),
          resource: orNull(fc.constantFrom('/chat', '$x')),
          endpoint: orNull(fc.constantFrom('GET /', 'a.b', '|')),
          statusCode: orNull(fc.constantFrom(200, 399, 400, 599)),
          outcome: orNull(fc.constantFrom('ok' as const, 'timeout' as const)),
          requestId: fc.constantFrom('', 'r'),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('sum' as const), all: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);

/** A period by the places of its ends between the first event and the last; null where it has none. */
const end = orNull(fc.double({ min: 0, max: 1, noNaN: true }));

export function registerUsageSumProperties(name: string, makeStore: StoreFactory): void {
  describe(`${name}: summaries of usage`, () => {
    it('are a plain count over all events there ever were, whatever was done in between', async (t) => {
      const harness = await useStore(t, makeStore, { summedSpans: SPANS });
      let { store } = harness;
      const tier = await addTier(store, { a: [], b: [] });
      const keys = await addKeys(store, 'tier', same(3));
      const seen = new Map<string, UsageEvent>();
      const look = async (from: Store) => {
        for (const event of await allUsageEvents(from)) seen.set(event.id, event);
      };
      const subjects: readonly UsageSubject[] = [
        { kind: 'all' },
        { kind: 'consumer', id: 'c-1' },
        { kind: 'consumer', id: 'subject:a|b' },
        { kind: 'feature', id: 'b' },
        { kind: 'key', id: keys[0]?.id ?? '' },
      ];
      const perform = async (step: typeof act extends fc.Arbitrary<infer A> ? A : never) => {
        switch (step.kind) {
          case 'draw':
            await drawMany(store, [tier], step.feature, step.count, step.parts);
            return;
          case 'record':
            await store.recordUsage(step.records.map(recordOf));
            return;
          case 'wait':
            return harness.waitUntil(store, store.now() + step.ms);
          case 'sum':
            await (step.all ? sumNow(store) : store.sumUsageStep());
            return;
          case 'delete':
            await look(store);
            await store.deleteExpired(store.now(), 20);
            return;
          case 'reopen':
            await store.close();
            store = await harness.open({ summedSpans: SPANS });
        }
      };
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 10 }), end, end, async (steps, a, b) => {
          for (const step of steps) await perform(step);
          await look(store);
          const events = [...seen.values()];
          const first = Math.min(...events.map(({ at }) => at));
          const moment = (part: number) => first + part * (store.now() - first);
          const period = {
            ...(a === null || events.length === 0 ? {} : { startAt: moment(a) }),
            ...(b === null || events.length === 0 ? {} : { endAt: moment(b) + 1 }),
          };
          for (const subject of subjects) {
            const summary = await summaryOf(store, subject, period);
            assert.deepEqual(summary, plainCount(events, subject, summary));
          }
        }),
        // A run goes on where the one before ended: there is nothing to shrink.
        { numRuns: RUNS, endOnFailure: true },
      );
      assert.ok(seen.size > 0);
    });
  });
}
