import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { testClock } from '../../../test/support/test-clock.ts';
import type { QueueRead } from '../../model/round.ts';
import { queueName } from '../../model/tier.ts';
import { createCore } from './core.ts';
import { migrate } from './migrations.ts';
import type { Placed } from './places.ts';

const QUEUE = queueName('tier', 'a');
const NOW = 1000;

function placed(where: Partial<Placed>): Placed {
  return { ready: {}, due: {}, lastRank: {}, freshRank: 0, expireAt: null, ...where };
}

function openPlaces() {
  const db = new DatabaseSync(':memory:');
  const clock = testClock();
  migrate(db, ':memory:');
  const { places, transactions } = createCore(db, ':memory:', { clock, newId: uuid, warn: () => {} });
  const page = (place: QueueRead['place'], about: Partial<QueueRead> = {}) => {
    const from = Number.MIN_SAFE_INTEGER;
    const read = { tierId: 'tier', queue: QUEUE, feature: 'a', limits: [], place, from, limit: 8 } as const;
    const all = { ...read, strategy: 'least_recently_used', isExact: false, ...about } as const;
    return places.page(all, NOW).map(({ keyId }) => keyId);
  };
  return { places, transactions, page };
}

describe('the places of keys', () => {
  it('show a key that is parked in a queue where none was, and not one that has left it', () => {
    const { places, page } = openPlaces();
    const [ready, parked] = [placed({ ready: { [QUEUE]: 1 } }), placed({ due: { [QUEUE]: 5 } })];
    places.move(1, null, ready);
    assert.deepEqual([page('ready'), page('due')], [['1'], []]);
    places.move(1, ready, parked);
    assert.deepEqual([page('ready'), page('due')], [[], ['1']]);
    places.move(2, null, parked);
    assert.deepEqual(page('due'), ['1', '2']);
    places.move(1, parked, ready);
    places.move(2, parked, null);
    assert.deepEqual([page('ready'), page('due')], [['1'], []]);
    places.move(2, null, parked);
    assert.deepEqual(page('due'), ['2']);
  });

  it('show what was parked before a write that failed', () => {
    const { places, transactions, page } = openPlaces();
    const parked = placed({ due: { [QUEUE]: 5 } });
    transactions.write(() => places.move(1, null, parked));
    const failing = (): void =>
      transactions.write(() => {
        places.move(1, parked, null);
        assert.deepEqual(page('due'), []);
        throw new Error('the disk is full');
      });
    assert.throws(failing, /the disk is full/);
    assert.deepEqual(page('due'), ['1']);
  });

  it('show what stands before a moment from which none was found', () => {
    const { places, page } = openPlaces();
    places.move(1, null, placed({ due: { [QUEUE]: 5 } }));
    assert.deepEqual(page('due', { from: 6 }), []);
    assert.deepEqual(page('due'), ['1']);
  });
});
