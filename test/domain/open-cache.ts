import assert from 'node:assert/strict';
import { type CachedReadOptions, createCachedRead } from '../../src/domain/cached-read.ts';
import { testClock } from '../support/test-clock.ts';

/** How old its entries may be, in ms. */
export const TTL_MS = 900;

/** A cache over a source whose reads end when the test says so. */
export function openCache(options: Partial<CachedReadOptions<string>> = {}) {
  const clock = testClock();
  const reads: {
    readonly key: string;
    readonly end: (value: string) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  const cache = createCachedRead<string>({
    load: (key) => new Promise((end, fail) => reads.push({ key, end, fail })),
    max: 10,
    ttlMs: TTL_MS,
    monotonicMs: clock.monotonicMs,
    ...options,
  });
  const read = (index: number) => {
    const begun = reads[index];
    if (begun === undefined) throw new Error(`only ${reads.length} reads were begun`);
    return begun;
  };
  /** Gets a key whose read must begin now and ends with this value. */
  const fill = async (key: string, value: string): Promise<void> => {
    const count = reads.length;
    const got = cache.get(key);
    read(count).end(value);
    assert.equal(await got, value);
  };
  return { clock, cache, reads, read, fill };
}
