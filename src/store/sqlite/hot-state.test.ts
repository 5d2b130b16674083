import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Budget } from '../../model/budget.ts';
import type { KeyState } from '../../model/key.ts';
import { PLAIN_TRAITS, WELL } from '../../model/key.ts';
import type { QueueName } from '../../model/tier.ts';
import { packState, unpackState } from './hot-state.ts';

const moment = fc.integer({ min: 0, max: 4_000_000_000_000 });
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const feature = fc.constantFrom('scrape', 'a:b', 'c-d_e', '__proto__', 'constructor');
const queue: fc.Arbitrary<QueueName> = feature.map((name): QueueName => `tier|${name}`);
const sliding = fc.record({
  stamps: fc.array(fc.record({ at: moment, n: count }), { minLength: 1, maxLength: 32 }),
});
const fixed = fc.record({ startAt: moment, used: count });
const meters = fc.record({ s60000: sliding, f1000: fixed }, { requiredKeys: [] });

function dictionary<K extends string, T>(
  key: fc.Arbitrary<K>,
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Record<K, T>> {
  return fc
    .uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 })
    .map((entries) => Object.fromEntries(entries) as Record<K, T>);
}

const state: fc.Arbitrary<KeyState> = fc
  .record({
    state: fc.constantFrom('active', 'disabled', 'quarantined'),
    expireAt: fc.option(moment),
    revision: count,
    takenAt: moment,
    epoch: count,
    freshRank: moment,
    meters: dictionary(feature, meters),
    budgets: fc.array(
      fc.record({
        limit: count,
        windowMs: fc.option(count),
        used: count,
        startAt: fc.option(moment),
        epoch: count,
        countsFrom: moment,
        periods: fc.constantFrom<Budget['periods']>(
          null,
          { kind: 'anchored', startAt: 5, periodMs: 1000 },
          { kind: 'calendar', unit: 'month', timeZone: 'Europe/Berlin' },
        ),
      }),
      { maxLength: 4 },
    ),
    open: fc.constant([]),
    traits: fc.constantFrom(PLAIN_TRAITS, { ...PLAIN_TRAITS, weight: 7, groupId: 'account' }),
    health: fc.constantFrom(WELL, { ...WELL, failures: { timeout: 2 }, cooling: { '*': 9 } }),
    holds: fc.array(
      fc.record(
        { take: fc.string(), units: count, serials: fc.array(count), until: moment },
        { noNullPrototype: true },
      ),
    ),
    lastRank: dictionary(queue, moment),
    places: dictionary(queue, fc.tuple(fc.boolean(), moment)),
  })
  .map(({ places, ...rest }): KeyState => {
    const of = (ready: boolean): Record<QueueName, number> =>
      Object.fromEntries(
        Object.entries(places)
          .filter(([, [isReady]]) => isReady === ready)
          .map(([name, [, position]]) => [name, position]),
      );
    return { ...rest, ready: of(true), due: of(false) };
  });

/** Without prototypes: `fc.record` gives objects that have none. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('SQLite: the state of a key as text', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(state, (written) => {
        assert.deepEqual(plain(unpackState(packState(written))), plain(written));
      }),
    );
  });
});
