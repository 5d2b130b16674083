import { currentIdentity } from './authenticate.ts';
import { requireAdmin } from './authorize.ts';
import { checkKey } from './check-key.ts';
import type { Call, Context } from './context.ts';
import { invalidField, KeypoolError } from './errors.ts';
import type { NewKey } from './key-fields.ts';
import type { KeyView } from './key-view.ts';
import { addKeys } from './new-keys.ts';
import { nextTurn } from './next-turn.ts';
import { tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** What is wrong with a field (empty: with all) of a key in a text. Never holds what the text says. */
export interface LineProblem {
  readonly field: string;
  readonly message: string;
}

/** A line of a text, from 1 on: the key that it holds, or what is wrong with it. */
export interface ImportLine {
  readonly line: number;
  readonly key: NewKey | null;
  readonly problems: readonly LineProblem[];
}

export interface ImportProblem extends LineProblem {
  readonly line: number;
}

export interface ImportKeysInput {
  readonly tierId: string;
  readonly dryRun: boolean;
  /** Reads the text, each time from its beginning; takes its time. */
  readonly lines: () => Iterable<ImportLine>;
}

export interface Imported {
  /** How many were created, or would be. */
  readonly count: number;
  readonly keys: readonly KeyView[];
  /** In the order of the text. */
  readonly problems: readonly ImportProblem[];
  readonly problemsCapped: boolean;
}

/** Keys that one call creates, in one transaction; and looks at, without creating any. */
const CREATED_MAX = 1000;
const CHECKED_MAX = 10_000;
const PROBLEMS_MAX = 1000;
/** Lines that are read before others get their turn. */
const BATCH = 50;
/** Values that are looked for at once. */
const FOUND_AT_ONCE = 500;

interface FoundLine {
  readonly line: number;
  readonly key: NewKey;
  readonly fingerprint: string;
}

/** What was read of a text. */
interface Read {
  readonly good: readonly FoundLine[];
  readonly problems: readonly ImportProblem[];
}

/** Lets others have their turn. Error: CANCELED. */
async function breathe(context: Context, call: Call): Promise<void> {
  await nextTurn(context);
  if (call.signal?.aborted === true) throw new KeypoolError('CANCELED', 'The caller has gone.');
}

/** A field as problems name it: without the name of an entry, which may be anything, a value too. */
function fieldName(field: string): string {
  return field.replace(/^key\./, '').replace(/\[".*$/s, '');
}

/** All that is wrong with a line, also what the domain finds in a key that the contract's rules let pass. */
function problemsOf({ line, key, problems }: ImportLine): readonly ImportProblem[] {
  const found = key === null ? [] : checkKey(key, 'key');
  const more = found.map(({ field, description }) => ({ field, message: description }));
  return [...problems, ...more].map(({ field, message }) => ({ line, field: fieldName(field), message }));
}

async function readLines(context: Context, call: Call, input: ImportKeysInput): Promise<Read> {
  const max = input.dryRun ? CHECKED_MAX : CREATED_MAX;
  const good: FoundLine[] = [];
  const problems: ImportProblem[] = [];
  let count = 0;
  for (const line of input.lines()) {
    count += 1;
    if (count > max)
      throw invalidField('content', `must hold 1 to ${CREATED_MAX} keys, with dry_run up to ${CHECKED_MAX}`);
    const found = problemsOf(line);
    problems.push(...found);
    if (found.length === 0 && line.key !== null)
      good.push({ line: line.line, key: line.key, fingerprint: context.fingerprint(line.key.value) });
    if (count % BATCH === 0) await breathe(context, call);
  }
  if (count === 0) throw invalidField('content', 'must hold a key at least');
  return { good, problems };
}

/** Values that are in the text twice, or in the tier. */
async function doublesOf(
  context: Context,
  tierId: string,
  good: readonly FoundLine[],
): Promise<readonly ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const first = new Map<string, number>();
  for (const { line, fingerprint } of good) {
    const before = first.get(fingerprint);
    if (before === undefined) first.set(fingerprint, line);
    else problems.push({ line, field: 'value', message: `is the value of line ${before} too` });
  }
  const fingerprints = [...first.keys()];
  for (let from = 0; from < fingerprints.length; from += FOUND_AT_ONCE) {
    const some = fingerprints.slice(from, from + FOUND_AT_ONCE);
    for (const taken of await stored(context.store.takenFingerprints(tierId, some)))
      problems.push({
        line: first.get(taken) ?? 0,
        field: 'value',
        message: 'a key of the tier has it already',
      });
  }
  return problems;
}

/** Quota groups that are not there. */
async function missingGroups(
  context: Context,
  good: readonly FoundLine[],
): Promise<readonly ImportProblem[]> {
  const groupOf = ({ key }: FoundLine): string | null => key.traits?.groupId ?? null;
  const missing = new Set<string | null>();
  for (const id of new Set(good.map(groupOf)))
    if (id !== null && (await stored(context.store.getGroup(id))) === null) missing.add(id);
  return good
    .filter((line) => missing.has(groupOf(line)))
    .map(({ line }) => ({ line, field: 'quotaGroupId', message: 'there is no such quota group' }));
}

function refusal(problems: readonly ImportProblem[]): Imported {
  const inOrder = problems.toSorted((a, b) => a.line - b.line);
  const problemsCapped = problems.length > PROBLEMS_MAX;
  return { count: 0, keys: [], problems: inOrder.slice(0, PROBLEMS_MAX), problemsCapped };
}

/** Creates what was found good; a value that another call has put there meanwhile is a problem of its line. */
async function create(
  context: Context,
  call: Call,
  tierId: string,
  good: readonly FoundLine[],
): Promise<Imported> {
  requireAdmin(await currentIdentity(context, call), 'write');
  try {
    const keys = await addKeys(context, call, 'ImportKeys', { tierId, keys: good.map(({ key }) => key) });
    return { count: keys.length, keys, problems: [], problemsCapped: false };
  } catch (error) {
    if (!(error instanceof KeypoolError && error.reason === 'KEY_EXISTS')) throw error;
    const found = await doublesOf(context, tierId, good);
    if (found.length === 0) throw error;
    return refusal(found);
  }
}

/**
 * Creates all keys of a text in one tier, or none and tells all that is wrong. Without `dryRun` 1 to 1,000 keys, with it,
 * which writes nothing, up to 10,000. One of the heavy calls.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, TIER_NOT_FOUND, HEAVY_CALLS_BUSY, CANCELED, those of {@link currentIdentity}.
 */
export async function importKeys(context: Context, call: Call, input: ImportKeysInput): Promise<Imported> {
  requireAdmin(call.identity, 'write');
  const { tierId, dryRun } = input;
  return context.heavyCalls.run(call.signal, async () => {
    if ((await stored(context.store.getTier(tierId))) === null) throw tierNotFound(tierId);
    const { good, problems } = await readLines(context, call, input);
    const doubles = await doublesOf(context, tierId, good);
    const all = [...problems, ...doubles, ...(await missingGroups(context, good))];
    if (all.length > 0) return refusal(all);
    if (dryRun) return { count: good.length, keys: [], problems: [], problemsCapped: false };
    return create(context, call, tierId, good);
  });
}
