import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testClock } from '../../../test/support/test-clock.ts';
import { createRivals } from './rivals.ts';

const KEYS = Array.from({ length: 50 }, (_, i) => `key-${i}`);

function rivalsOf(self: string) {
  const clock = testClock();
  return { clock, rivals: createRivals(self, clock.monotonicMs) };
}

describe('processes that draw from one queue', () => {
  it('know of each other by the rows they took from, for a while', () => {
    const { clock, rivals } = rivalsOf('one');
    rivals.saw('q', { takenBy: 'one', takenAt: 100_000 }, 100_000);
    rivals.saw('q', { takenAt: 0 }, 100_000);
    rivals.saw('q', { takenBy: 'two', takenAt: 1000 }, 100_000);
    assert.equal(rivals.lookFactor('q'), 1);
    rivals.saw('q', { takenBy: 'two', takenAt: 99_000 }, 100_000);
    assert.ok(rivals.lookFactor('q') > 1);
    assert.equal(rivals.lookFactor('another'), 1);
    clock.advance(5000);
    assert.equal(rivals.lookFactor('q'), 1);
  });

  it('have each an order of its own among keys that stand alike, and none while alone', () => {
    const orders = ['one', 'two'].map((self) => {
      const { rivals } = rivalsOf(self);
      assert.ok(KEYS.every((key) => rivals.preference('q', key) === 0));
      rivals.saw('q', { takenBy: 'three', takenAt: 5 }, 5);
      return KEYS.toSorted((a, b) => rivals.preference('q', a) - rivals.preference('q', b));
    });
    const [one = [], two = []] = orders;
    const common = one.slice(0, 10).filter((key) => two.slice(0, 10).includes(key));
    assert.ok(common.length < 8, `${common.length} of the first ten are the same`);
  });
});
