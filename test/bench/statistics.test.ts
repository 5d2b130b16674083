import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failedIn, median } from '../../bench/report/statistics.ts';

it('A median is the value in the middle, of an even number the mean of the two there', () => {
  assert.equal(median([]), 0);
  assert.equal(median([7]), 7);
  assert.equal(median([3, 1]), 2);
  assert.equal(median([9, 1, 4]), 4);
  assert.equal(median([10, 2, 1, 4]), 3);
});

it('Calls that failed are counted over all runs', () => {
  assert.equal(failedIn([]), 0);
  assert.equal(failedIn([{ failed: 2 }, { failed: 0 }, { failed: 5 }]), 7);
});
