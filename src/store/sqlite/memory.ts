/** A bounded memory of rows by their number or text: this process is the only writer of the database. */
export interface Memory<K, V> {
  readonly get: (key: K) => V | undefined;
  readonly set: (key: K, value: V) => void;
  readonly delete: (key: K) => void;
  readonly clear: () => void;
}

/** Forgets everything when full: a pool that does not fit gains nothing from keeping some of it. */
export function createMemory<K, V>(entriesMax: number): Memory<K, V> {
  const entries = new Map<K, V>();
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      if (entries.size >= entriesMax && !entries.has(key)) entries.clear();
      entries.set(key, value);
    },
    delete: (key) => {
      entries.delete(key);
    },
    clear: () => entries.clear(),
  };
}
