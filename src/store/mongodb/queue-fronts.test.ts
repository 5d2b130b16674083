import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testClock } from '../../../test/support/test-clock.ts';
import { createQueueFronts } from './queue-fronts.ts';

describe('the front of a queue', () => {
  it('is where the last read found its first key, as long as the head was looked for lately', () => {
    const clock = testClock();
    const fronts = createQueueFronts(clock.monotonicMs);
    assert.equal(fronts.of('q'), null);
    fronts.found('q', 10, true);
    assert.equal(fronts.of('q'), 10);
    clock.advance(40);
    fronts.found('q', 20, false);
    assert.equal(fronts.of('q'), 20);
    clock.advance(10);
    assert.equal(fronts.of('q'), null, 'what came to stand before it is found again');
  });

  it('is not known from a read that began elsewhere', () => {
    const fronts = createQueueFronts(() => 0);
    fronts.found('q', 10, false);
    assert.equal(fronts.of('q'), null);
  });
});
