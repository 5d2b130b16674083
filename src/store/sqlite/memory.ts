/** A bounded memory of rows by their number or text: this process is the only writer of the database. */
export interface Memory<K, V> {
  readonly get: (key: K) => V | undefined;
  readonly set: (key: K, value: V) => void;
  readonly delete: (key: K) => void;
}

/** How much is remembered: so many entries, and where `sizeOf` tells how large one is, so much of them together. */
export interface MemoryBounds<V> {
  readonly entriesMax: number;
  readonly sizeMax?: number;
  readonly sizeOf?: (value: V) => number;
}

/** Forgets everything when full: a pool that does not fit gains nothing from keeping some of it. */
export function createMemory<K, V>({
  entriesMax,
  sizeMax = Infinity,
  sizeOf,
}: MemoryBounds<V>): Memory<K, V> {
  const entries = new Map<K, V>();
  let size = 0;
  const remove = (key: K): void => {
    const value = entries.get(key);
    if (value === undefined) return;
    entries.delete(key);
    size -= sizeOf?.(value) ?? 0;
  };
  return {
    get: (key) => entries.get(key),
    delete: remove,
    set: (key, value) => {
      // Where nothing is counted an entry can be replaced where it is.
      if (sizeOf !== undefined) remove(key);
      const more = sizeOf?.(value) ?? 0;
      if ((entries.size >= entriesMax && !entries.has(key)) || size + more > sizeMax) {
        entries.clear();
        size = 0;
      }
      if (more > sizeMax) return;
      entries.set(key, value);
      size += more;
    },
  };
}

/** A memory of rows that the write under way may have changed; when it is undone, it forgets those alone. */
export interface WriteMemory<K, V> extends Memory<K, V> {
  /** To be called with every row that is inserted, changed or deleted. */
  readonly written: (key: K) => void;
  readonly committed: () => void;
  readonly undone: () => void;
}

export function createWriteMemory<K, V>(bounds: MemoryBounds<V>): WriteMemory<K, V> {
  const memory = createMemory<K, V>(bounds);
  let written = new Set<K>();
  // Another one: one that is cleared keeps a hold on all that it was before.
  const forget = (): void => {
    if (written.size > 0) written = new Set();
  };
  return {
    ...memory,
    written: (key) => {
      written.add(key);
    },
    committed: forget,
    undone: () => {
      for (const key of written) memory.delete(key);
      forget();
    },
  };
}

/** What is told of the end of every write. */
export type WriteEnd = Pick<WriteMemory<never, never>, 'committed' | 'undone'>;
