import { LRUCache } from 'lru-cache';
import { StoreError } from '../store/errors.ts';

/** Reads of a slow source, kept for a short while; bounded in number and in age. */
export interface CachedRead<V> {
  readonly get: (key: string) => Promise<V>;
  /** Forgets one entry; a read of it under way is not kept and not shared any more. */
  readonly drop: (key: string) => void;
  readonly clear: () => void;
}

interface Kept<V> {
  /** The monotonic moment (ms) before which the value was read. */
  readonly at: number;
  readonly value: V;
}

interface Loading<V> {
  readonly at: number;
  readonly value: Promise<V>;
}

/** Reads tried for one answer when each comes later than `ttlMs`. */
const READS_MAX = 3;

export interface CachedReadOptions<V> {
  readonly load: (key: string) => Promise<V>;
  readonly max: number;
  readonly ttlMs: number;
  readonly monotonicMs: () => number;
}

/**
 * Ages count from before the read began, so a value is never older than `ttlMs` when it is given.
 * Error: StoreError `unavailable` when reads keep taking longer than that.
 */
export function createCachedRead<V>(options: CachedReadOptions<V>): CachedRead<V> {
  const kept = new LRUCache<string, Kept<V>>({ max: options.max });
  const underWay = new Map<string, Loading<V>>();

  const isYoung = (read: { readonly at: number }): boolean => options.monotonicMs() - read.at < options.ttlMs;

  function begin(key: string): Loading<V> {
    const loading = { at: options.monotonicMs(), value: options.load(key) };
    underWay.set(key, loading);
    return loading;
  }

  async function finish(key: string, loading: Loading<V>): Promise<V> {
    try {
      const value = await loading.value;
      if (underWay.get(key) === loading) kept.set(key, { at: loading.at, value });
      return value;
    } finally {
      if (underWay.get(key) === loading) underWay.delete(key);
    }
  }

  async function get(key: string): Promise<V> {
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const hit = kept.get(key);
      if (hit !== undefined && isYoung(hit)) return hit.value;
      const joined = underWay.get(key);
      const loading = joined !== undefined && isYoung(joined) ? joined : begin(key);
      const value = await finish(key, loading);
      if (isYoung(loading)) return value;
    }
    throw new StoreError('unavailable', 'the store answers too slowly to be current');
  }

  return {
    get,
    drop: (key) => {
      kept.delete(key);
      underWay.delete(key);
    },
    clear: () => {
      kept.clear();
      underWay.clear();
    },
  };
}
