import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreError } from '../../src/store/errors.ts';
import { testClock } from '../support/test-clock.ts';
import { openCache, TTL_MS } from './open-cache.ts';

describe('a cached read', () => {
  it('is kept until it is as old as it may be', async () => {
    const { clock, cache, reads, fill } = openCache();
    await fill('a', 'one');
    clock.advance(TTL_MS - 1);
    assert.equal(await cache.get('a'), 'one');
    assert.equal(reads.length, 1);
    clock.advance(1);
    await fill('a', 'two');
  });

  it('ages from before it began', async () => {
    const { clock, cache, read, fill } = openCache();
    const slow = cache.get('a');
    clock.advance(TTL_MS - 1);
    read(0).end('one');
    assert.equal(await slow, 'one');
    clock.advance(1);
    await fill('a', 'two');
  });

  it('is shared by all who ask meanwhile, its failure too', async () => {
    const { cache, reads, read, fill } = openCache();
    const asked = [cache.get('a'), cache.get('a'), cache.get('a')];
    read(0).end('one');
    assert.deepEqual(await Promise.all(asked), ['one', 'one', 'one']);
    assert.equal(reads.length, 1);
    cache.clear();
    const failing = [cache.get('a'), cache.get('a')];
    const error = new StoreError('unavailable', 'out of reach');
    read(1).fail(error);
    for (const each of failing) await assert.rejects(each, error);
    await fill('a', 'two');
  });

  for (const forget of ['drop', 'clear'] as const)
    it(`is neither kept nor shared when ${forget} comes before its end`, async () => {
      const { cache, read, reads, fill } = openCache();
      const before = cache.get('a');
      cache[forget]('a');
      const after = cache.get('a');
      assert.equal(reads.length, 2);
      read(1).end('new');
      assert.equal(await after, 'new');
      read(0).end('old');
      assert.equal(await before, 'old');
      assert.equal(await cache.get('a'), 'new');
      cache[forget]('a');
      await fill('a', 'newer');
    });

  it('leaves the others in place when one is dropped', async () => {
    const { cache, reads, fill } = openCache();
    await fill('a', 'one');
    await fill('b', 'two');
    cache.drop('a');
    assert.equal(await cache.get('b'), 'two');
    assert.equal(reads.length, 2);
  });

  it('that took longer than it may be old is read again', async () => {
    const { clock, cache, read } = openCache();
    const got = cache.get('a');
    clock.advance(TTL_MS);
    read(0).end('old');
    await new Promise((resolve) => setImmediate(resolve));
    read(1).end('new');
    assert.equal(await got, 'new');
  });

  it('that is under way for too long is not joined', async () => {
    const { clock, cache, read } = openCache();
    const first = cache.get('a');
    clock.advance(TTL_MS);
    const second = cache.get('a');
    read(1).end('new');
    assert.equal(await second, 'new');
    read(0).end('old');
    assert.equal(await first, 'new');
  });

  it('is given up when the third takes too long as well', async () => {
    const clock = testClock();
    let reads = 0;
    const { cache } = openCache({
      monotonicMs: clock.monotonicMs,
      load: async () => {
        reads += 1;
        clock.advance(TTL_MS);
        return 'old';
      },
    });
    await assert.rejects(cache.get('a'), { name: 'StoreError', kind: 'unavailable' });
    assert.equal(reads, 3);
  });

  it('goes when more are kept than there is room for, the least recently used first', async () => {
    const { cache, reads, fill } = openCache({ max: 2 });
    await fill('a', 'one');
    await fill('b', 'two');
    assert.equal(await cache.get('a'), 'one');
    await fill('c', 'three');
    assert.equal(await cache.get('a'), 'one');
    assert.equal(reads.length, 3);
    await fill('b', 'four');
  });
});
