import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { takeOf, tierOf } from '../../test/support/key-state.ts';
import { keyOf } from '../../test/support/store-rows.ts';
import type { Key } from './key.ts';
import { movedKey } from './moved-key.ts';
import { takeFromKey } from './take.ts';
import type { Tier } from './tier.ts';

const WINDOW_MS = 60_000;
const LIMIT = { limit: 4, windowMs: WINDOW_MS, algorithm: 'sliding', guardMs: null } as const;

/** Both have `both`; each has one that the other lacks. */
const TIERS = [
  tierOf({ both: [LIMIT], a: [LIMIT] }, 'one'),
  tierOf({ both: [LIMIT], b: [LIMIT] }, 'two'),
] as const;

const step = fc.record({
  feature: fc.constantFrom('both', 'a', 'b'),
  moves: fc.boolean(),
  waitMs: fc.integer({ min: 1, max: WINDOW_MS / 3 }),
});

describe('a key that goes from tier to tier', () => {
  it('never gives more of a feature in a window than its limit, and stands in the queues of its tier alone', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let at = 0;
        let now = 1_000_000;
        let key: Key = keyOf(TIERS[0], 1, now);
        const given: { readonly feature: string; readonly at: number }[] = [];
        for (const { feature, moves, waitMs } of steps) {
          now += waitMs;
          if (moves) {
            at = 1 - at;
            key = movedKey(key, TIERS[at] ?? TIERS[0], 1, now);
          }
          const tier: Tier = TIERS[at] ?? TIERS[0];
          for (const queue of Object.keys({ ...key.ready, ...key.due }))
            assert.ok(queue.startsWith(`${tier.id}|`));
          if (!tier.features.some(({ name }) => name === feature)) continue;
          const { state, took } = takeFromKey(key, takeOf(tier, feature), now);
          key = { ...key, ...state };
          if (took.granted > 0) given.push({ feature, at: now });
        }
        for (const last of given) {
          const within = given.filter(
            ({ feature, at: moment }) =>
              feature === last.feature && moment <= last.at && moment > last.at - WINDOW_MS,
          );
          assert.ok(within.length <= LIMIT.limit);
        }
      }),
    );
  });
});
