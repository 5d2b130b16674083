import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRounds, type DrawManner, type RoundsOptions } from '../../src/domain/rounds.ts';
import { StoreError } from '../../src/store/errors.ts';
import { eventually } from '../support/eventually.ts';
import { testClock } from '../support/test-clock.ts';
import { AGAIN, drawCalled, EMPTY, heldRounds, nextTurn, settled } from './held-rounds.ts';
import { refused } from './refusals.ts';

function openRounds(roundsMax: number, options: Partial<RoundsOptions> = {}, choosing?: 'held' | 'at once') {
  const clock = testClock();
  const store = heldRounds(roundsMax, choosing);
  const rounds = createRounds(store, { monotonicMs: clock.monotonicMs, ...options });
  return {
    clock,
    store,
    rounds,
    draw: (id: string, manner: Partial<DrawManner> = {}) =>
      rounds.draw(drawCalled(id), { since: clock.monotonicMs(), ahead: false, ...manner }),
  };
}

describe('rounds', () => {
  it('serve draws of one turn together, and what comes meanwhile in the next, in order', async () => {
    const { store, draw } = openRounds(1);
    const first = ['a', 'b', 'c'].map((id) => draw(id));
    await settled();
    const next = ['d', 'e'].map((id) => draw(id));
    await settled();
    assert.deepEqual(
      store.begun.map(({ ids }) => ids),
      [['a', 'b', 'c']],
    );
    store.round(0).end();
    await Promise.all(first);
    await settled();
    assert.deepEqual(store.round(1).ids, ['d', 'e']);
    store.round(1).end();
    assert.deepEqual(await Promise.all(next), [EMPTY, EMPTY]);
  });

  it('serve together what several turns bring, for 5 ms at most, and at once what fills a round', async () => {
    const { store, clock, draw } = openRounds(1, { roundSize: 6 });
    const draws: Promise<unknown>[] = [];
    const come = async (...ids: string[]) => {
      draws.push(...ids.map((id) => draw(id)));
      await nextTurn();
    };
    await come('a', 'b');
    await come('c');
    await nextTurn();
    assert.deepEqual(store.round(0).ids, ['a', 'b', 'c']);
    await come('d');
    store.round(0).end();
    await settled();
    assert.deepEqual(store.round(1).ids, ['d']);
    store.round(1).end();
    await settled();
    await come('e', 'f');
    clock.advance(5);
    await come('g');
    assert.deepEqual(store.round(2).ids, ['e', 'f', 'g']);
    store.round(2).end();
    await settled();
    await come('h', 'i', 'j', 'k', 'l', 'm');
    assert.deepEqual(store.round(3).ids, ['h', 'i', 'j', 'k', 'l', 'm']);
    store.round(3).end();
    await Promise.all(draws);
  });

  it('answer each draw with its own result', async () => {
    const { store, draw } = openRounds(1);
    const [a, b] = [draw('a'), draw('b')];
    await settled();
    store.round(0).end((id) => (id === 'a' ? { kind: 'exhausted', nextAt: 7 } : { kind: 'gone' }));
    assert.deepEqual([await a, await b], [{ kind: 'exhausted', nextAt: 7 }, { kind: 'gone' }]);
  });

  it('are never more at once than the store takes, nor larger than they may be', async () => {
    const { store, rounds, draw } = openRounds(2, { roundSize: 2 });
    const draws = Array.from({ length: 7 }, (_, i) => draw(String(i)));
    await settled();
    assert.deepEqual(
      store.begun.map(({ ids }) => ids),
      [
        ['0', '1'],
        ['2', '3'],
      ],
    );
    store.round(1).end();
    await settled();
    assert.deepEqual(
      store.begun.map(({ ids }) => ids),
      [
        ['0', '1'],
        ['2', '3'],
        ['4', '5'],
      ],
    );
    for (const round of [0, 2, 3]) {
      store.round(round).end();
      await settled();
    }
    await Promise.all([...draws, rounds.idle()]);
    assert.deepEqual(store.round(3).ids, ['6']);
  });

  it('gather what comes while one chooses its keys, and begin when it has chosen', async () => {
    const { store, rounds, draw } = openRounds(4, {}, 'held');
    const draws = [draw('a')];
    await settled();
    for (const id of ['b', 'c', 'd']) {
      draws.push(draw(id));
      await settled();
    }
    assert.equal(store.begun.length, 1);
    store.round(0).choose();
    await settled();
    assert.deepEqual(store.round(1).ids, ['b', 'c', 'd']);
    store.round(1).end();
    store.round(0).end();
    await Promise.all([...draws, rounds.idle()]);
  });

  it('do not wait for one that takes long to choose', async () => {
    const { store, rounds, draw } = openRounds(2, {}, 'held');
    const draws = [draw('a')];
    await settled();
    draws.push(draw('b'));
    await eventually('the next round has begun', () => store.begun[1] ?? null);
    store.round(1).end();
    store.round(0).end();
    await Promise.all([...draws, rounds.idle()]);
  });

  it('leave out a draw whose caller has gone before its round began', async () => {
    const { store, draw } = openRounds(1);
    const first = draw('a');
    await settled();
    const caller = new AbortController();
    const gone = draw('b', { signal: caller.signal });
    const stays = draw('c');
    caller.abort();
    store.round(0).end();
    await refused(gone, 'CANCELED');
    await settled();
    assert.deepEqual(store.round(1).ids, ['c']);
    store.round(1).end();
    await Promise.all([first, stays]);
  });

  it('turn draws away when too many wait, except those that have waited before', async () => {
    const { store, rounds, draw } = openRounds(1, { waitingMax: 2 });
    const under = draw('a');
    await settled();
    const waiting = [draw('b'), draw('c')];
    const { retryAfterMs } = await refused(draw('d'), 'OVERLOADED');
    assert.equal(retryAfterMs, 500);
    const late = draw('e', { ahead: true });
    store.round(0).end();
    await settled();
    assert.deepEqual(store.round(1).ids, ['e', 'b', 'c']);
    store.round(1).end();
    await Promise.all([under, ...waiting, late, rounds.idle()]);
  });

  it('reject all their draws when they fail, and go on', async () => {
    const { store, draw } = openRounds(1);
    const failing = [draw('a'), draw('b')];
    await settled();
    const next = draw('c');
    const error = new StoreError('unavailable', 'out of reach');
    store.round(0).fail(error);
    for (const each of failing) await assert.rejects(each, error);
    await settled();
    store.round(1).end();
    assert.deepEqual(await next, EMPTY);
  });

  it('have told everybody when they are idle', async () => {
    const { store, rounds, draw } = openRounds(1);
    await rounds.idle();
    const told: string[] = [];
    const draws = ['a', 'b'].map((id) => draw(id).then(() => told.push(id)));
    const idle = rounds.idle().then(() => told.push('idle'));
    await settled();
    assert.deepEqual(told, []);
    store.round(0).end((id) => (id === 'a' ? EMPTY : AGAIN));
    await settled();
    assert.deepEqual(told, ['a']);
    store.round(1).end();
    await Promise.all([...draws, idle]);
    assert.deepEqual(told, ['a', 'b', 'idle']);
  });
});

describe('a draw that met only keys in use', () => {
  it('goes on when another round has ended, ahead of draws that came later', async () => {
    const { store, draw } = openRounds(2, { roundSize: 2 });
    const holding = [draw('a'), draw('b')];
    const blocked = draw('c');
    await settled();
    const later = draw('d');
    store.round(1).end(AGAIN);
    await settled();
    assert.deepEqual(
      store.begun.map(({ ids }) => ids),
      [['a', 'b'], ['c'], ['d']],
    );
    const latest = draw('e');
    store.round(0).end();
    await settled();
    assert.deepEqual(store.round(3).ids, ['c', 'e']);
    for (const round of [2, 3]) store.round(round).end();
    await Promise.all([...holding, blocked, later, latest]);
  });

  it('goes on at once when no other round is under way', async () => {
    const { store, draw } = openRounds(2);
    const alone = draw('a');
    await settled();
    store.round(0).end(AGAIN);
    await settled();
    store.round(1).end();
    assert.deepEqual(await alone, EMPTY);
  });

  it('is given up after 64 rounds', async () => {
    const { store, draw } = openRounds(1);
    const unlucky = refused(draw('a'), 'STORE_UNAVAILABLE');
    for (let round = 0; round < 64; round += 1) {
      await settled();
      store.round(round).end(AGAIN);
    }
    await unlucky;
    await settled();
    assert.equal(store.begun.length, 64);
  });
});

describe('a draw that waited over a second', () => {
  it('is late, and told so in place of a round', async () => {
    const { clock, store, draw } = openRounds(1);
    const under = draw('a');
    await settled();
    const [older, younger] = [draw('b'), draw('c', { since: clock.monotonicMs() + 1 })];
    clock.advance(1001);
    store.round(0).end();
    assert.deepEqual(await older, { kind: 'late' });
    await settled();
    assert.deepEqual(store.round(1).ids, ['c']);
    store.round(1).end();
    await Promise.all([under, younger]);
  });

  it('goes ahead of the others when it comes again, in the order of those like it', async () => {
    const { store, draw } = openRounds(1);
    const under = draw('a');
    await settled();
    const draws = [draw('b'), draw('c', { ahead: true }), draw('d'), draw('e', { ahead: true })];
    store.round(0).end();
    await settled();
    assert.deepEqual(store.round(1).ids, ['c', 'e', 'b', 'd']);
    store.round(1).end();
    await Promise.all([under, ...draws]);
  });
});
