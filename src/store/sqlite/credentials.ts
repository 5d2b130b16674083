import type { DatabaseSync } from 'node:sqlite';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** What of a key is handed out, as sealed. `tier` is the tier's number. */
export interface Credential {
  readonly id: string;
  readonly tier: number;
  readonly name: string;
  readonly value: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Text pairs as stored; most keys have none, and need no parser. */
export function parsePairs(text: string): Readonly<Record<string, string>> {
  return text === '{}' ? {} : (JSON.parse(text) as Record<string, string>);
}

export interface Credentials extends WriteEnd {
  /** By the key's number; null when there is no such key. */
  readonly read: (key: number) => Credential | null;
  /** Forgets one that is about to change. */
  readonly forget: (key: number) => void;
}

const REMEMBERED_MAX = 4096;
/** Characters of all that is remembered: secrets and metadata can be long. */
const CHARACTERS_MAX = 16 * 1024 * 1024;

function charactersOf({ name, value, secrets, metadata }: Credential): number {
  const pairs = [...Object.entries(secrets), ...Object.entries(metadata)];
  return pairs.reduce((sum, [key, text]) => sum + key.length + text.length, name.length + value.length);
}

export function createCredentials(db: DatabaseSync): Credentials {
  type Row = { id: string; tier: number; name: string; value: string; secrets: string; metadata: string };
  const select = prepare<Row>(db, 'SELECT id, tier, name, value, secrets, metadata FROM keys WHERE no = ?');
  const remembered = createWriteMemory<number, Credential>({
    entriesMax: REMEMBERED_MAX,
    sizeMax: CHARACTERS_MAX,
    sizeOf: charactersOf,
  });
  return {
    committed: remembered.committed,
    undone: remembered.undone,
    forget: (key) => {
      remembered.delete(key);
      remembered.written(key);
    },
    read: (key) => {
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const row = select.get(key);
      if (row === undefined) return null;
      const credential = {
        ...row,
        secrets: parsePairs(row.secrets),
        metadata: parsePairs(row.metadata),
      };
      remembered.set(key, credential);
      return credential;
    },
  };
}
