import assert from 'node:assert/strict';
import { it } from 'node:test';
import { processCountOf } from './process-count.ts';

it('As many processes serve as are asked for, with auto one for each core, up to 64', () => {
  assert.equal(processCountOf(3, 1), 3);
  assert.equal(processCountOf('auto', 1), 1);
  assert.equal(processCountOf('auto', 8), 8);
  assert.equal(processCountOf('auto', 200), 64);
});
