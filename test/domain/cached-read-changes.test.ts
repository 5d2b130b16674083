import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openCache, TTL_MS } from './open-cache.ts';

describe('a cached read whose changes are told', () => {
  it('is kept as long as they are told in time, and by its age where they are not', async () => {
    let changeLagMs = 0;
    const { clock, cache, reads, fill } = openCache({ changeLagMs: () => changeLagMs });
    await fill('a', 'one');
    clock.advance(10 * TTL_MS);
    assert.equal(await cache.get('a'), 'one');
    changeLagMs = TTL_MS - 1;
    assert.equal(await cache.get('a'), 'one');
    assert.equal(reads.length, 1);
    changeLagMs = TTL_MS;
    await fill('a', 'two');
    clock.advance(TTL_MS - 1);
    assert.equal(await cache.get('a'), 'two');
  });

  it('is read again after a minute all the same', async () => {
    const { clock, cache, fill } = openCache({ changeLagMs: () => 0 });
    await fill('a', 'one');
    clock.advance(59_999);
    assert.equal(await cache.get('a'), 'one');
    clock.advance(1);
    await fill('a', 'two');
  });
});

describe('what a cached read knows', () => {
  it('is what it would give without a read', async () => {
    const { clock, cache, reads, fill } = openCache();
    assert.equal(cache.known('a'), undefined);
    assert.equal(reads.length, 0);
    await fill('a', 'one');
    assert.equal(cache.known('a'), 'one');
    clock.advance(TTL_MS);
    assert.equal(cache.known('a'), undefined);
    await fill('a', 'two');
    cache.drop('a');
    assert.equal(cache.known('a'), undefined);
  });
});

describe('cached reads with a tag', () => {
  const tagOf = (value: string): string => value.slice(0, 1);

  it('are forgotten together, and the others are not', async () => {
    const { cache, fill } = openCache({ tagOf });
    await fill('a', 'x1');
    await fill('b', 'x2');
    await fill('c', 'y1');
    cache.dropTagged('x');
    assert.deepEqual([cache.known('a'), cache.known('b'), cache.known('c')], [undefined, undefined, 'y1']);
    cache.dropTagged('x');
    cache.dropTagged('z');
    assert.equal(cache.known('c'), 'y1');
  });

  it('are found by the tag of what they are now', async () => {
    const { cache, fill } = openCache({ tagOf, max: 2 });
    await fill('a', 'x1');
    cache.drop('a');
    await fill('a', 'y1');
    cache.dropTagged('x');
    assert.equal(cache.known('a'), 'y1');
    await fill('b', 'x2');
    await fill('c', 'x3');
    cache.dropTagged('y');
    assert.deepEqual([cache.known('b'), cache.known('c')], ['x2', 'x3']);
    cache.dropTagged('x');
    assert.deepEqual([cache.known('b'), cache.known('c')], [undefined, undefined]);
  });

  it('are not kept when any tag is forgotten while they are read', async () => {
    const { cache, reads, read, fill } = openCache({ tagOf });
    const asked = cache.get('a');
    cache.dropTagged('x');
    read(0).end('x1');
    assert.equal(await asked, 'x1');
    assert.equal(cache.known('a'), undefined);
    await fill('a', 'x2');
    assert.equal(reads.length, 2);
  });
});
