import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFreshRanks } from './rank.ts';
import { TURN_MIN } from './virtual-time.ts';

const YEAR_2064_MS = Date.UTC(2064, 0);

describe('the rank of a key that was never drawn', () => {
  it('rises strictly, whatever the clock does, and stands before those of all that were', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: YEAR_2064_MS })), (moments) => {
        let nowMs = 0;
        let last = Number.NEGATIVE_INFINITY;
        const freshRank = createFreshRanks({ nowMs: () => nowMs });
        for (const moment of moments) {
          nowMs = moment;
          const rank = freshRank();
          assert.ok(last < rank && rank < TURN_MIN && Number.isSafeInteger(rank));
          last = rank;
        }
      }),
    );
  });

  it('is a moment, so that processes that make keys in turn agree on their order', () => {
    const [earlier, later] = [1_700_000_000_000, 1_700_000_000_001].map((ms) =>
      createFreshRanks({ nowMs: () => ms })(),
    );
    assert.equal((later ?? 0) - (earlier ?? 0), 1000);
  });
});
