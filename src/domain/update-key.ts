import type { FieldChange } from '../model/audit.ts';
import type { Key } from '../model/key.ts';
import { wellAgain } from '../model/trial.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkKey } from './check-key.ts';
import type { Call, Context } from './context.ts';
import { describeKey } from './describe-key.ts';
import { editBudgets } from './edit-budgets.ts';
import { type ChangedKey, editKey } from './edit-key.ts';
import { checkEtag } from './etag.ts';
import { changesBetween, SECRET_CHANGED } from './field-changes.ts';
import type { KeyFields } from './key-fields.ts';
import { areSameSecrets, isSameValue, sealSecrets, sealValue, valueHintOf } from './key-secrets.ts';
import type { KeyView } from './key-view.ts';

export interface UpdateKeyInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** Only what is to change. */
  readonly changes: KeyFields;
}

function secretChange(field: string, there: boolean, stays: boolean): FieldChange {
  const text = JSON.stringify(SECRET_CHANGED);
  return { field, before: there ? text : null, after: stays ? text : null };
}

/** A note explains one state: it goes with the state unless the same edit gives another. */
function reasonAfter(key: Key, changes: KeyFields): string {
  if (changes.stateReason !== undefined) return changes.stateReason;
  return changes.state === undefined || changes.state === key.state ? key.stateReason : '';
}

/** Another state begins with a clean slate: cooldowns, streaks and a quarantine end. */
function withState(key: Key, state: Key['state'], now: number): Pick<Key, 'state' | 'health'> {
  if (state === key.state) return { state, health: key.health };
  return { state, health: wellAgain(key.health, Math.max(now, key.takenAt)) };
}

/** What an edit makes of a key, but for its value and secrets. */
export function withPlainFields(key: Key, changes: KeyFields, now: number): Key {
  return {
    ...key,
    name: changes.name ?? key.name,
    metadata: changes.metadata ?? key.metadata,
    ...withState(key, changes.state ?? key.state, now),
    stateReason: reasonAfter(key, changes),
    expireAt: changes.expireAt === undefined ? key.expireAt : changes.expireAt,
    ...(changes.traits === undefined ? {} : { traits: { ...key.traits, ...changes.traits } }),
    ...(changes.budgets === undefined ? {} : editBudgets(key, changes.budgets, now)),
  };
}

function withSecrets(context: Context, key: Key, fields: KeyFields, now: number): ChangedKey {
  const { sealer } = context;
  const { value, secrets } = fields;
  const changes: FieldChange[] = [];
  let row = withPlainFields(key, fields, now);
  if (value !== undefined && !isSameValue(sealer, key.id, key.value, value)) {
    const sealed = sealValue(sealer, key.id, value);
    // What draws of the old one come to says nothing of it.
    const health = { ...row.health, countedFrom: Math.max(row.health.countedFrom, now, key.takenAt + 1) };
    row = {
      ...row,
      value: sealed,
      fingerprint: context.fingerprint(value),
      valueHint: valueHintOf(value),
      health,
    };
    changes.push(secretChange('value', true, true));
  }
  if (secrets !== undefined && !areSameSecrets(sealer, key.id, key.secrets, secrets)) {
    row = { ...row, secrets: sealSecrets(sealer, key.id, secrets) };
    const there = Object.keys(key.secrets).length > 0;
    changes.push(secretChange('secrets', there, Object.keys(secrets).length > 0));
  }
  return { row, changes };
}

/**
 * The next draw heeds it. A budget whose window stays keeps what is used; rate meters stay whatever changes. An update
 * that changes nothing writes nothing. Errors: ADMIN_REQUIRED, INVALID_FIELD, KEY_NOT_FOUND, KEY_EXISTS, ETAG_MISMATCH.
 */
export async function updateKey(context: Context, call: Call, input: UpdateKeyInput): Promise<KeyView> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkKey(input.changes, 'key'));
  return editKey(context, call, 'UpdateKey', input.id, (key, now) => {
    checkEtag(input.etag, key.version);
    const { row, changes } = withSecrets(context, key, input.changes, now);
    return { row, changes: [...changesBetween(describeKey(key), describeKey(row)), ...changes] };
  });
}
