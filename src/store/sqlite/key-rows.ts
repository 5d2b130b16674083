import type { DatabaseSync } from 'node:sqlite';
import type { Key, KeyState } from '../../model/key.ts';
import { type Credentials, parsePairs } from './credentials.ts';
import { groupUnitAt, placesWithout } from './group-take.ts';
import type { KeyStates } from './key-states.ts';
import type { Names } from './names.ts';
import type { QuotaGroupRows } from './quota-group-rows.ts';
import { prepare } from './statement.ts';

/** A key as stored, with the number by which its other rows know it. */
export interface StoredKey {
  readonly no: number;
  readonly key: Key;
}

/** Whole keys: what edits touch and what takes touch, together. Who writes does so within a write. */
export interface KeyRows {
  readonly insert: (key: Key) => void;
  readonly read: (id: string) => StoredKey | null;
  readonly readNumber: (no: number) => StoredKey | null;
  /** `stored` is what is there now. */
  readonly update: (stored: StoredKey, after: Key) => void;
  readonly remove: (stored: StoredKey) => void;
  /** A state whose places heed its quota group, where that has no unit. */
  readonly placed: (state: KeyState) => KeyState;
  /** The whole key of a row of `keys`. */
  readonly whole: (row: KeyRow) => Key;
}

export type KeyRow = {
  readonly no: number;
  readonly id: string;
  readonly tierId: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly valueHint: string;
  readonly value: string;
  readonly secrets: string;
  readonly metadata: string;
  readonly stateReason: string;
  readonly placed: number;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** What of a row a whole key shows. */
export const KEY_COLUMNS = `
  k.no, k.id, t.text AS tierId, k.fingerprint, k.name, k.value_hint AS valueHint, k.value, k.secrets, k.metadata,
  k.state_reason AS stateReason, k.placed, k.version, k.created_at AS createdAt, k.updated_at AS updatedAt`;

export const KEY_TABLES = 'keys k CROSS JOIN names t ON t.no = k.tier';

/** What of a whole key takes decide from. */
function stateOf(key: Key): KeyState {
  const {
    state,
    expireAt,
    revision,
    takenAt,
    meters,
    budgets,
    epoch,
    open,
    lastRank,
    freshRank,
    ready,
    due,
    traits,
    health,
    holds,
  } = key;
  return {
    state,
    expireAt,
    revision,
    takenAt,
    meters,
    budgets,
    epoch,
    open,
    lastRank,
    freshRank,
    ready,
    due,
    traits,
    health,
    holds,
  };
}

/** The columns that an edit may change, in the order of the statements below. */
function editable(key: Key): (string | number | null)[] {
  return [
    key.fingerprint,
    key.name,
    key.valueHint,
    key.value,
    JSON.stringify(key.secrets),
    JSON.stringify(key.metadata),
    key.state,
    key.stateReason,
    key.expireAt,
    key.placed,
    key.version,
    key.createdAt,
    key.updatedAt,
    key.traits.groupId,
  ];
}

/** What the rows of keys go together with. */
interface KeyRowParts {
  readonly names: Names;
  readonly states: KeyStates;
  readonly credentials: Credentials;
  readonly quotaGroups: QuotaGroupRows;
  readonly now: () => number;
}

/** A state in its places; those of a key whose quota group has no unit are none that it could be drawn from. */
function placed(state: KeyState, { quotaGroups, now }: KeyRowParts): KeyState {
  const { groupId } = state.traits;
  const group = groupId === null ? null : quotaGroups.read(groupId);
  if (group === null) return state;
  const moment = now();
  const unitAt = groupUnitAt(group, moment);
  return unitAt === moment ? state : { ...state, ...placesWithout(state, unitAt) };
}

export function createKeyRows(db: DatabaseSync, parts: KeyRowParts): KeyRows {
  const { names, states, credentials } = parts;
  const byId = prepare<KeyRow>(db, `SELECT ${KEY_COLUMNS} FROM ${KEY_TABLES} WHERE k.id = ?`);
  const byNo = prepare<KeyRow>(db, `SELECT ${KEY_COLUMNS} FROM ${KEY_TABLES} WHERE k.no = ?`);
  const insert = prepare<{ no: number }>(
    db,
    `INSERT INTO keys (id, tier, fingerprint, name, value_hint, value, secrets, metadata, state, state_reason, sweep_at,
       placed, version, created_at, updated_at, quota_group)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING no`,
  );
  const update = prepare(
    db,
    `UPDATE keys SET fingerprint = ?, name = ?, value_hint = ?, value = ?, secrets = ?, metadata = ?, state = ?,
       state_reason = ?, sweep_at = ?, placed = ?, version = ?, created_at = ?, updated_at = ?, quota_group = ?
     WHERE no = ?`,
  );
  const remove = prepare(db, 'DELETE FROM keys WHERE no = ?');
  const bury = prepare(db, 'INSERT INTO deleted_keys VALUES (?, ?)');
  const whole = (row: KeyRow): Key => {
    const { no, secrets, metadata, ...cold } = row;
    const state: KeyState | null = states.read(no);
    if (state === null) throw new Error('a key has no state');
    return { ...cold, secrets: parsePairs(secrets), metadata: parsePairs(metadata), ...state };
  };
  const stored = (row: KeyRow | undefined): StoredKey | null =>
    row === undefined ? null : { no: row.no, key: whole(row) };
  return {
    whole,
    placed: (state) => placed(state, parts),
    read: (id) => stored(byId.get(id)),
    readNumber: (no) => stored(byNo.get(no)),
    insert: (key) => {
      const [row] = insert.all(key.id, names.number(key.tierId), ...editable(key));
      if (row === undefined) throw new Error('a new key got no number');
      states.insert(row.no, placed(key, parts));
    },
    update: ({ no, key }, after) => {
      credentials.forget(no);
      update.run(...editable(after), no);
      states.write(no, key, placed(stateOf(after), parts));
    },
    remove: ({ no, key }) => {
      credentials.forget(no);
      states.remove(no, key);
      remove.run(no);
      bury.run(no, key.id);
    },
  };
}
