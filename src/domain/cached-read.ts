import { LRUCache } from 'lru-cache';
import { StoreError } from '../store/errors.ts';

/** Reads of a slow source, kept for a short while; bounded in number and in age. */
export interface CachedRead<V> {
  readonly get: (key: string) => Promise<V>;
  /** What {@link get} would give without a read; undefined when it has to read. */
  readonly known: (key: string) => V | undefined;
  /** Forgets one entry; a read of it under way is not kept and not shared any more. */
  readonly drop: (key: string) => void;
  /** Forgets every entry with this tag; no read under way is kept or shared any more: nobody knows what it will give. */
  readonly dropTagged: (tag: string) => void;
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
/** The longest that an entry is kept of which no change is told, in ms: what changes untold, such as a last use, shows. */
const KEPT_MAX_MS = 60_000;

export interface CachedReadOptions<V> {
  /** Never gives undefined. */
  readonly load: (key: string) => Promise<V>;
  readonly max: number;
  readonly ttlMs: number;
  readonly monotonicMs: () => number;
  /**
   * How long ago, in ms, every change made until then had led to its `drop`. What is kept is as true as of then,
   * however long ago it was read. Not given: nobody tells of changes.
   */
  readonly changeLagMs?: () => number;
  /** By what an entry can be forgotten without its key. */
  readonly tagOf?: (value: V) => string;
}

/** Keys by the tag of what is kept under them. */
function createTags(): {
  readonly add: (tag: string, key: string) => void;
  readonly remove: (tag: string, key: string) => void;
  readonly keysOf: (tag: string) => readonly string[];
} {
  const keys = new Map<string, Set<string>>();
  return {
    add: (tag, key) => {
      const tagged = keys.get(tag);
      if (tagged === undefined) keys.set(tag, new Set([key]));
      else tagged.add(key);
    },
    remove: (tag, key) => {
      const tagged = keys.get(tag);
      tagged?.delete(key);
      if (tagged?.size === 0) keys.delete(tag);
    },
    keysOf: (tag) => [...(keys.get(tag) ?? [])],
  };
}

/**
 * Ages count from before the read began, so a value is never older than `ttlMs` when it is given, or was still true
 * that long ago. Error: StoreError `unavailable` when reads keep taking longer than that.
 */
export function createCachedRead<V>(options: CachedReadOptions<V>): CachedRead<V> {
  const { load, ttlMs, monotonicMs, changeLagMs = () => Infinity, tagOf = () => '' } = options;
  const tags = createTags();
  const kept = new LRUCache<string, Kept<V>>({
    max: options.max,
    dispose: ({ value }, key) => tags.remove(tagOf(value), key),
  });
  const underWay = new Map<string, Loading<V>>();

  const isYoung = (read: { readonly at: number }): boolean => monotonicMs() - read.at < ttlMs;

  function known(key: string): V | undefined {
    const hit = kept.get(key);
    if (hit === undefined) return undefined;
    const age = monotonicMs() - hit.at;
    return age < ttlMs || (age < KEPT_MAX_MS && changeLagMs() < ttlMs) ? hit.value : undefined;
  }

  function begin(key: string): Loading<V> {
    const loading = { at: monotonicMs(), value: load(key) };
    underWay.set(key, loading);
    return loading;
  }

  async function finish(key: string, loading: Loading<V>): Promise<V> {
    try {
      const value = await loading.value;
      if (underWay.get(key) === loading) {
        kept.set(key, { at: loading.at, value });
        tags.add(tagOf(value), key);
      }
      return value;
    } finally {
      if (underWay.get(key) === loading) underWay.delete(key);
    }
  }

  async function get(key: string): Promise<V> {
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const hit = known(key);
      if (hit !== undefined) return hit;
      const joined = underWay.get(key);
      const loading = joined !== undefined && isYoung(joined) ? joined : begin(key);
      const value = await finish(key, loading);
      if (isYoung(loading)) return value;
    }
    throw new StoreError('unavailable', 'the store answers too slowly to be current');
  }

  return {
    get,
    known,
    drop: (key) => {
      kept.delete(key);
      underWay.delete(key);
    },
    dropTagged: (tag) => {
      for (const key of tags.keysOf(tag)) kept.delete(key);
      underWay.clear();
    },
    clear: () => {
      kept.clear();
      underWay.clear();
    },
  };
}
