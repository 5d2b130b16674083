import type { Budget } from '../model/budget.ts';
import { looksSealed } from '../model/sealing.ts';
import { HOLDS_MAX } from '../model/tier-policy.ts';
import {
  checkDistinct,
  checkInteger,
  checkLength,
  checkLine,
  checkMoment,
  must,
  textLength,
  type Violations,
} from './check-field.ts';
import { periodsName } from './edit-budgets.ts';
import type { BudgetInput, KeyFields } from './key-fields.ts';

const NAME_MAX = 200;
const REASON_MAX = 500;
const VALUE_BYTES_MAX = 16_384;
const SECRETS_MAX = 16;
const SECRET_NAME = /^[A-Za-z0-9_.-]{1,63}$/;
const METADATA_MAX = 64;
const METADATA_NAME_MAX = 128;
const METADATA_VALUE_MAX = 1024;
const WEIGHT_MAX = 1000;
export const GROUP_ID = /^[a-z0-9_-]{1,63}$/;
const BUDGETS_MAX = 4;
const BUDGET_WINDOW_MIN_MS = 1000;
const BUDGET_WINDOW_MAX_MS = 3660 * 86_400_000;

/** Would vanish as the name of an entry of a plain object. */
const LOST_NAME = '__proto__';

/** A credential: present, bounded, and not one that reads like sealed text. */
function checkCredential(text: string, into: Violations, field: string): void {
  const bytes = Buffer.byteLength(text, 'utf8');
  must(bytes >= 1 && bytes <= VALUE_BYTES_MAX, into, field, `must have 1 to ${VALUE_BYTES_MAX} bytes`);
  must(!looksSealed(text), into, field, 'must not begin with enc:gcm:, the mark of a sealed value');
}

function checkSecrets(secrets: Readonly<Record<string, string>>, into: Violations, path: string): void {
  const entries = Object.entries(secrets);
  must(entries.length <= SECRETS_MAX, into, path, `must be at most ${SECRETS_MAX}`);
  for (const [name, secret] of entries) {
    const field = `${path}[${JSON.stringify(name.slice(0, 64))}]`;
    const nameHolds = SECRET_NAME.test(name) && name !== LOST_NAME;
    must(nameHolds, into, field, 'must be named with 1 to 63 of A-Z a-z 0-9 _ . -');
    checkCredential(secret, into, field);
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>, into: Violations, path: string): void {
  const entries = Object.entries(metadata);
  must(entries.length <= METADATA_MAX, into, path, `must have at most ${METADATA_MAX} entries`);
  for (const [name, text] of entries) {
    const field = `${path}[${JSON.stringify(name.slice(0, 64))}]`;
    const nameHolds = name !== '' && textLength(name) <= METADATA_NAME_MAX && name !== LOST_NAME;
    must(nameHolds, into, field, `must be named with 1 to ${METADATA_NAME_MAX} characters`);
    checkLength(text, METADATA_VALUE_MAX, into, field);
  }
}

/** Whether periods can be laid by it: `Intl` knows old names that `Temporal` does not, `Temporal` takes whole dates too. */
function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function checkPeriods(periods: NonNullable<Budget['periods']>, into: Violations, path: string): void {
  if (periods.kind === 'calendar') {
    const field = `${path}.calendar.timeZone`;
    must(
      isTimeZone(periods.timeZone),
      into,
      field,
      'must be a name of the IANA database, such as Europe/Berlin',
    );
    return;
  }
  checkMoment(periods.startAt, into, `${path}.startTime`);
  const { periodMs } = periods;
  const holds =
    Number.isSafeInteger(periodMs) && periodMs >= BUDGET_WINDOW_MIN_MS && periodMs <= BUDGET_WINDOW_MAX_MS;
  must(holds, into, `${path}.window`, 'must be 1s to 3,660 days, in whole milliseconds');
}

function checkTraits(traits: NonNullable<KeyFields['traits']>, into: Violations, path: string): void {
  const { weight, maxInFlight, groupId } = traits;
  if (weight !== undefined) checkInteger(weight, 1, WEIGHT_MAX, into, `${path}.weight`);
  if (maxInFlight != null) checkInteger(maxInFlight, 1, HOLDS_MAX, into, `${path}.maxInFlight`);
  if (groupId != null)
    must(GROUP_ID.test(groupId), into, `${path}.quotaGroupId`, 'must be 1 to 63 of a-z 0-9 _ -');
}

/** What is wrong with the budgets of a key, or of a quota group, at `path` in the request. */
export function checkBudgets(budgets: readonly BudgetInput[], into: Violations, path: string): void {
  must(budgets.length <= BUDGETS_MAX, into, path, `must be at most ${BUDGETS_MAX}`);
  for (const [i, { limit, windowMs, periods = null }] of budgets.entries()) {
    checkInteger(limit, 1, Number.MAX_SAFE_INTEGER, into, `${path}[${i}].limit`);
    if (periods !== null) checkPeriods(periods, into, `${path}[${i}]`);
    if (windowMs === null) continue;
    const holds =
      Number.isSafeInteger(windowMs) && windowMs >= BUDGET_WINDOW_MIN_MS && windowMs <= BUDGET_WINDOW_MAX_MS;
    must(holds, into, `${path}[${i}].window`, 'must be 1s to 3,660 days, in whole milliseconds');
  }
  checkDistinct(
    budgets,
    ({ windowMs, periods = null }) => `${windowMs} ${periodsName(periods)}`,
    into,
    (i) => `${path}[${i}]`,
    'no two budgets of a key may have the same window, and only one may have none',
  );
}

/** What is wrong with these fields of a key, found at `path` in the request; those not given are left aside. */
export function checkKey(fields: KeyFields, path: string): Violations {
  const into: Violations = [];
  const { name, value, secrets, metadata, stateReason, expireAt, budgets } = fields;
  if (name !== undefined) checkLine(name, NAME_MAX, into, `${path}.name`);
  if (value !== undefined) checkCredential(value, into, `${path}.value`);
  if (secrets !== undefined) checkSecrets(secrets, into, `${path}.secrets`);
  if (metadata !== undefined) checkMetadata(metadata, into, `${path}.metadata`);
  if (stateReason !== undefined) checkLength(stateReason, REASON_MAX, into, `${path}.stateReason`);
  if (expireAt !== undefined) checkMoment(expireAt, into, `${path}.expireTime`);
  if (fields.traits !== undefined) checkTraits(fields.traits, into, path);
  if (budgets !== undefined) checkBudgets(budgets, into, `${path}.budgets`);
  return into;
}
