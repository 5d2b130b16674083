import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testClock } from '../../../test/support/test-clock.ts';
import { createReadAhead } from './read-ahead.ts';

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ _id: `k${i}` }));
const ids = (some: readonly { readonly _id: string }[] | undefined) => some?.map(({ _id }) => _id);

function aheadOf() {
  const clock = testClock();
  return { clock, ahead: createReadAhead<{ readonly _id: string }>(clock.monotonicMs) };
}

describe('rows read ahead', () => {
  it('serve rounds in turn, without the keys that were taken from, until too few are left', () => {
    const { clock, ahead } = aheadOf();
    ahead.keep('q', { ready: rows(4), parked: [{ _id: 'p' }] }, clock.monotonicMs(), 0);
    clock.advance(1);
    ahead.taken('k0');
    ahead.taken('k2');
    const head = ahead.headOf('q', 2);
    assert.deepEqual([ids(head?.ready), ids(head?.parked)], [['k1', 'k3'], ['p']]);
    assert.equal(ahead.headOf('q', 3), null);
    assert.equal(ahead.headOf('another', 1), null);
  });

  it('are not used when they are old, forgotten, or this process has put keys somewhere', () => {
    const { clock, ahead } = aheadOf();
    const keep = () => ahead.keep('q', { ready: rows(4), parked: [] }, clock.monotonicMs(), 0);
    keep();
    clock.advance(501);
    assert.equal(ahead.headOf('q', 1), null);
    keep();
    ahead.forget('q');
    assert.equal(ahead.headOf('q', 1), null);
    keep();
    ahead.clear();
    assert.equal(ahead.headOf('q', 1), null);
  });

  it('leave out a key that was taken from while they were read', () => {
    const { clock, ahead } = aheadOf();
    const askedAt = clock.monotonicMs();
    clock.advance(1);
    ahead.taken('k0');
    clock.advance(1);
    ahead.keep('q', { ready: rows(2), parked: [] }, askedAt, 0);
    assert.deepEqual(ids(ahead.headOf('q', 1)?.ready), ['k1']);
  });

  it('are more than are wanted where the queue was read lately', () => {
    const { clock, ahead } = aheadOf();
    assert.equal(ahead.rowsToRead('q', 8), 8);
    clock.advance(5);
    assert.ok(ahead.rowsToRead('q', 8) > 8);
    clock.advance(500);
    assert.equal(ahead.rowsToRead('q', 8), 8);
  });

  it('tell where ready keys began, for as long as the parked ones are not read anew', () => {
    const { clock, ahead } = aheadOf();
    assert.equal(ahead.startOf('q'), null);
    ahead.keep('q', { ready: rows(2), parked: [{ _id: 'p' }, { _id: 'r' }] }, clock.monotonicMs(), 7);
    assert.equal(ahead.startOf('q'), 7);
    clock.advance(300);
    ahead.taken('p');
    const head = ahead.keepReady('q', rows(3), clock.monotonicMs(), 9);
    assert.deepEqual([ids(head.ready), ids(head.parked)], [['k0', 'k1', 'k2'], ['r']]);
    assert.equal(ahead.startOf('q'), 9);
    clock.advance(201);
    assert.equal(ahead.startOf('q'), null, 'the parked keys were read 501 ms ago');
    assert.deepEqual(ids(ahead.headOf('q', 3)?.parked), ['r'], 'and serve until then as they are');
    ahead.forget('q');
    assert.equal(ahead.startOf('q'), null);
  });

  it('are bounded in number, whatever is drawn from', () => {
    const { clock, ahead } = aheadOf();
    ahead.keep('q', { ready: rows(4), parked: [] }, clock.monotonicMs(), 0);
    clock.advance(1);
    for (let i = 0; i < 30_000; i += 1) ahead.taken(`other-${i}`);
    assert.equal(ahead.headOf('q', 1), null, 'what was forgotten may have been among them');
  });
});
