import assert from 'node:assert/strict';
import { it } from 'node:test';
import { replacementPauseMs, shortLivesAfter } from './replacement-pause.ts';

it('A process that lived well is replaced at once, one that ends again and again after pauses up to 10 s', () => {
  assert.equal(replacementPauseMs(shortLivesAfter(5, 10_000)), 0);
  const pauses: number[] = [];
  let shortLives = 0;
  for (let ends = 0; ends < 1000; ends += 1) {
    shortLives = shortLivesAfter(shortLives, 9999);
    pauses.push(replacementPauseMs(shortLives));
  }
  assert.deepEqual(pauses.slice(0, 6), [500, 1000, 2000, 4000, 8000, 10_000]);
  assert.equal(pauses.at(-1), 10_000);
});
