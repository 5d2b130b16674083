import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRankSource, freshRank } from './rank.ts';

const YEAR_2064_MS = Date.UTC(2064, 0);

describe('ranks', () => {
  it('rise strictly over all that were given or seen, whatever the clock does', () => {
    const asks = fc.record({
      nowMs: fc.integer({ min: 0, max: YEAR_2064_MS }),
      count: fc.integer({ min: 1, max: 1000 }),
      seen: fc.option(fc.integer({ min: 0, max: YEAR_2064_MS * 1000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(asks), (all) => {
        let nowMs = 0;
        let highest = -1;
        const ranks = createRankSource({ nowMs: () => nowMs, monotonicMs: () => 0 });
        for (const ask of all) {
          nowMs = ask.nowMs;
          if (ask.seen !== undefined) {
            ranks.saw(ask.seen);
            highest = Math.max(highest, ask.seen);
          }
          const first = ranks.next(ask.count);
          assert.ok(first > highest && Number.isSafeInteger(first + ask.count));
          highest = first + ask.count - 1;
        }
      }),
    );
  });

  it('are microseconds of the clock, so that processes that draw in turn agree on the order', () => {
    const ranks = createRankSource({ nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 });
    assert.equal(ranks.next(1), 1_700_000_000_000_000);
  });

  it('put a key that was never drawn before all that were, and the one made earlier first', () => {
    const now = Date.UTC(2020, 0);
    const moment = fc.integer({ min: now, max: YEAR_2064_MS });
    fc.assert(
      fc.property(moment, moment, moment, (used, made, madeLater) => {
        assert.ok(freshRank(made * 1000) < used * 1000);
        if (made < madeLater) assert.ok(freshRank(made * 1000) < freshRank(madeLater * 1000));
      }),
    );
  });
});
