/** Sets an entry of a map that holds `max` at most: where it is full, all others go first. For what is only remembered. */
export function setBounded<K, V>(map: Map<K, V>, max: number, key: K, value: V): void {
  if (map.size >= max && !map.has(key)) map.clear();
  map.set(key, value);
}
