import type { Clock } from '../model/clock.ts';
import type { SigningKey } from '../model/signing-key.ts';
import type { IdentityStore } from '../store/port.ts';
import { stored } from './store-errors.ts';

/** The signing keys as last read. */
export interface SigningKeyList {
  /** What is known without a read, however old. */
  readonly known: () => readonly SigningKey[];
  /** Not older than so many ms; one read at a time. Error: STORE_UNAVAILABLE. */
  readonly ofAge: (ageMs: number) => Promise<readonly SigningKey[]>;
  /** For after a write: what was read, or is being read, does not count any more. */
  readonly forget: () => void;
}

/** `onRead` is told of each list that is known from then on. */
export function createSigningKeyList(
  store: Pick<IdentityStore, 'listSigningKeys'>,
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
  onRead: (keys: readonly SigningKey[]) => void,
): SigningKeyList {
  let known: readonly SigningKey[] = [];
  let readAt = -Infinity;
  let reading: Promise<readonly SigningKey[]> | null = null;
  /** Of several reads under way, the last one counts. */
  let reads = 0;

  async function read(): Promise<readonly SigningKey[]> {
    const at = monotonicMs();
    reads += 1;
    const number = reads;
    try {
      const keys = await stored(store.listSigningKeys());
      if (number !== reads) return keys;
      known = keys;
      readAt = at;
      onRead(keys);
      return keys;
    } finally {
      if (number === reads) reading = null;
    }
  }

  return {
    known: () => known,
    ofAge: (ageMs) => {
      if (monotonicMs() - readAt < ageMs) return Promise.resolve(known);
      reading ??= read();
      return reading;
    },
    forget: () => {
      readAt = -Infinity;
      reading = null;
    },
  };
}
