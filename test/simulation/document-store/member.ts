import type { VirtualTime } from '../virtual-time.ts';
import { type Answer, CODES, type Command, type Transaction } from './command.ts';
import { type Confirmations, createConfirmations } from './confirmations.ts';
import { createDraft } from './draft.ts';
import { createRowLocks, type RowLocks } from './row-locks.ts';
import type { Tables } from './tables.ts';

type Reply = (answer: Answer) => void;

/** A member of the replica set in its time as primary, however long others have thought it is. */
export interface Member {
  /** Names its election. */
  readonly name: string;
  readonly clockMs: () => number;
  readonly tables: Tables;
  readonly isGone: () => boolean;
  readonly isIsolated: () => boolean;
  /** Nothing that it writes reaches a majority any more. */
  readonly isolate: () => void;
  /** Carries a command out; `heldUpMs` passes between its start and its first try. */
  readonly receive: (command: Command, heldUpMs: number, reply: Reply) => void;
  readonly commit: (transaction: Transaction, reply: Reply) => void;
  readonly abort: (transaction: Transaction) => void;
  /** It learns that nothing it still waits for will be confirmed. */
  readonly depose: () => void;
  /** It answers nobody any more. */
  readonly leave: () => void;
}

const TRANSACTIONS = 'transactions';
/** Between two statements of one command, in ms. */
const STEP_MS = 0.02;
const TRANSIENT = ['TransientTransactionError'];
/** `transactionLifetimeLimitSeconds` of the server: what nobody ends is aborted. */
const TRANSACTION_MAX_MS = 60_000;

export interface MemberOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly tables: Tables;
  readonly clockMs: () => number;
  /** How long the next write takes to reach a majority, in ms. */
  readonly lagMs: () => number;
}

interface Parts extends MemberOptions {
  readonly locks: RowLocks;
  readonly majority: Confirmations;
  readonly isGone: () => boolean;
}

export function createMember(options: MemberOptions): Member {
  const { name, time, tables, clockMs } = options;
  let isIsolated = false;
  let isGone = false;
  const locks = createRowLocks();
  const majority = createConfirmations(time, tables, options.lagMs);
  const parts: Parts = { ...options, locks, majority, isGone: () => isGone };

  const isolate = () => {
    isIsolated = true;
    majority.stop();
  };
  const self: Member = {
    name,
    clockMs,
    tables,
    isGone: () => isGone,
    isIsolated: () => isIsolated,
    isolate,
    receive: (command, heldUpMs, reply) => {
      if (isGone) return reply({ kind: 'cut' });
      const now = new Date(Math.floor(clockMs()));
      const { transaction } = command;
      if (transaction !== undefined) reply(runInTransaction(parts, self, transaction, command, now));
      else if (command.kind === 'write') {
        const endsAtMs = time.nowMs() + (command.maxTimeMs ?? Infinity);
        const start = () => write(parts, command, now, endsAtMs, reply);
        if (heldUpMs === 0) start();
        else time.after(heldUpMs, start, null);
      } else if (command.kind === 'linearizable-read') readConfirmed(parts, command, now, reply);
      else reply(read(tables, command, now));
    },
    commit: (transaction, reply) => {
      if (isGone) reply({ kind: 'cut' });
      else commit(parts, self, transaction, reply);
    },
    abort: (transaction) => {
      if (!transaction.isOver && transaction.member === self) locks.release(transaction);
    },
    depose: () => {
      isolate();
      majority.giveUp((value) => ({ kind: 'unconfirmed', value, code: CODES.steppedDown }));
    },
    leave: () => {
      isolate();
      isGone = true;
      majority.giveUp(() => ({ kind: 'cut' }));
      locks.retry();
    },
  };
  // What it has taken over from the one before reaches a majority again.
  majority.replicate();
  return self;
}

function read({ row, rows, majorityRow, majorityRows }: Tables, command: Command, now: Date) {
  const isMajority = command.kind === 'majority-read';
  const view = createDraft(isMajority ? { row: majorityRow, rows: majorityRows } : { row, rows });
  return { kind: 'done', value: command.combine(command.steps.map((step) => step(view, now))) } as const;
}

/** Answers when a majority has all that it has seen. */
function readConfirmed({ time, tables, majority }: Parts, command: Command, now: Date, reply: Reply): void {
  const { value } = read(tables, command, now);
  const endsAtMs = time.nowMs() + (command.maxTimeMs ?? Infinity);
  majority.confirm(
    value,
    (answer) => reply(answer.kind === 'unconfirmed' ? { kind: 'failed', code: answer.code } : answer),
    endsAtMs,
  );
}

/** Statement by statement: what is done stays done when a later one has to wait, or the command's time is over. */
function write(parts: Parts, command: Command, now: Date, endsAtMs: number, reply: Reply): void {
  const { time, tables, locks, majority, isGone } = parts;
  const values: unknown[] = [];
  const attempt = () => {
    if (isGone() || time.nowMs() >= endsAtMs) {
      reply(isGone() ? { kind: 'cut' } : { kind: 'failed', code: CODES.maxTimeExpired });
      return;
    }
    const draft = createDraft(tables);
    const value = command.steps[values.length]?.(draft, now);
    const changes = draft.changes();
    if (locks.holds(changes)) {
      locks.wait(attempt);
      return;
    }
    tables.apply(changes, false);
    if (changes.length > 0) majority.replicate();
    values.push(value);
    if (values.length < command.steps.length) time.after(STEP_MS, attempt, null);
    else if (command.unconfirmed) reply({ kind: 'done', value: command.combine(values) });
    else majority.confirm(command.combine(values), reply, endsAtMs);
  };
  attempt();
  // Whoever still waits for a row then finds that its time is over.
  if (endsAtMs < Infinity && (command.steps.length > 1 || locks.waits(attempt)))
    time.after(endsAtMs - time.nowMs() + STEP_MS, locks.retry, null);
}

function runInTransaction(
  { time, tables, locks }: Parts,
  member: Member,
  transaction: Transaction,
  command: Command,
  now: Date,
): Answer {
  if (transaction.isOver || (transaction.member ?? member) !== member)
    return { kind: 'failed', code: CODES.noSuchTransaction, labels: TRANSIENT };
  if (transaction.member === null) {
    transaction.member = member;
    transaction.startedAt = tables.position();
    time.after(TRANSACTION_MAX_MS, () => member.abort(transaction), null);
  }
  const draft = transaction.draft ?? createDraft(tables);
  transaction.draft = draft;
  const value = command.combine(command.steps.map((step) => step(draft, now)));
  const changes = draft.changes();
  const isBehind = changes.some(({ table, id }) => tables.writtenAt(table, id) > transaction.startedAt);
  if (!isBehind && locks.take(transaction, changes)) return { kind: 'done', value };
  member.abort(transaction);
  return { kind: 'failed', code: CODES.writeConflict, labels: TRANSIENT };
}

/** Its end is written with it, so that whoever is primary knows whether it was committed. */
function commit({ tables, locks, majority }: Parts, member: Member, transaction: Transaction, reply: Reply) {
  const { id, draft } = transaction;
  if (tables.row(TRANSACTIONS, id) !== undefined) {
    majority.confirm(null, reply, Infinity);
    return;
  }
  if (transaction.isOver || transaction.member !== member || draft === null) {
    reply({ kind: 'failed', code: CODES.noSuchTransaction, labels: TRANSIENT });
    return;
  }
  tables.apply([...draft.changes(), { table: TRANSACTIONS, id, after: { _id: id } }], true);
  locks.release(transaction);
  majority.replicate();
  majority.confirm(null, reply, Infinity);
}
