import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLaneTurns } from './lane-turns.ts';
import type { QueueName } from './tier.ts';

const ALL: readonly QueueName[] = ['one|a', 'two|a', 'three|a'];

describe('queues that take turns', () => {
  it('get the same number of draws, one at a time and many', () => {
    const lanes = createLaneTurns();
    const total = [0, 0, 0];
    for (const draws of [1, 1, 1, 5, 2, 7, 4])
      for (const [i, share] of lanes.share(ALL, ALL, draws).entries()) total[i] = (total[i] ?? 0) + share;
    assert.deepEqual(total, [7, 7, 7]);
  });

  it('do not make up for what they missed while they could not serve', () => {
    const lanes = createLaneTurns();
    const able = ALL.slice(0, 2);
    for (let i = 0; i < 20; i += 1) lanes.share(ALL, able, 1);
    const [one = 0, two = 0, back = 0] = lanes.share(ALL, ALL, 30);
    assert.equal(one + two + back, 30);
    assert.ok(back <= 11, `${back}`);
  });
});
