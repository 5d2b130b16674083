import { LRUCache } from 'lru-cache';

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

export interface CachedReadOptions<V> {
  readonly load: (key: string) => Promise<V>;
  readonly max: number;
  readonly ttlMs: number;
  readonly monotonicMs: () => number;
}

/** Ages count from before the read began, so a value is never older than `ttlMs` when it is given. */
export function createCachedRead<V>(options: CachedReadOptions<V>): CachedRead<V> {
  const kept = new LRUCache<string, Kept<V>>({ max: options.max });
  const underWay = new Map<string, Promise<V>>();

  async function read(key: string): Promise<V> {
    const at = options.monotonicMs();
    const loading = options.load(key);
    underWay.set(key, loading);
    try {
      const value = await loading;
      if (underWay.get(key) === loading) kept.set(key, { at, value });
      return value;
    } finally {
      if (underWay.get(key) === loading) underWay.delete(key);
    }
  }

  return {
    get: async (key) => {
      const hit = kept.get(key);
      if (hit !== undefined && options.monotonicMs() - hit.at < options.ttlMs) return hit.value;
      return underWay.get(key) ?? read(key);
    },
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
