import type { Answer, Command, Transaction } from './document-store/command.ts';
import type { Member } from './document-store/member.ts';
import type { ReplicaSet } from './document-store/replica-set.ts';
import { connectionClosed, timedOut } from './driver/errors.ts';
import type { Owner, VirtualTime } from './virtual-time.ts';

/** What happens to one command on its way; times in ms. */
export interface Passage {
  readonly requestMs: number;
  readonly replyMs: number;
  /** Between the command's start and its execution on the server: others held what it needs. */
  readonly heldUpMs: number;
  readonly loses: 'nothing' | 'request' | 'reply';
  /** The client's connection breaks after this time, whatever becomes of the command. */
  readonly breaksAfterMs: number | null;
}

/** A process's way to the database. */
export interface Link {
  /** The server's answer; rejects as the driver does when there is none. */
  readonly send: (command: Command) => Promise<Answer>;
  /** The election of the primary that is known; null while none is. */
  readonly election: () => string | null;
  readonly commit: (transaction: Transaction) => Promise<Answer>;
  readonly abort: (transaction: Transaction) => void;
}

export interface LinkOptions {
  readonly time: VirtualTime;
  readonly owner: Owner;
  readonly name: string;
  readonly replicaSet: ReplicaSet;
  readonly passage: (kind: Command['kind'] | 'commit') => Passage;
  /** How long it takes to learn of a new primary while the old one still answers, in ms. */
  readonly learnsAfterMs: () => number;
  /** How much later a command arrives whose process has died meanwhile, in ms; Infinity for never. */
  readonly orphanedMs: () => number;
  /** Tells of a command that reaches the database in so many ms. */
  readonly underWay: (ms: number) => void;
  readonly trace: (line: () => string) => void;
}

/** As in the adapter's connection. */
const SOCKET_TIMEOUT_MS = 2500;
const SELECTION_TIMEOUT_MS = 2500;
const SELECTION_POLL_MS = 10;

export function createLink(options: LinkOptions): Link {
  const { time, owner, replicaSet } = options;
  let known = replicaSet.primary();
  const learn = () => {
    known = replicaSet.primary();
  };
  replicaSet.onPrimary(() => {
    if (!known.isGone()) time.after(options.learnsAfterMs(), learn, null);
    else learn();
  });

  /** Waits for a primary as the driver does. */
  const select = (
    found: (member: Member) => void,
    failed: (make: () => Error) => void,
    since = time.nowMs(),
  ) => {
    if (!known.isGone()) found(known);
    else if (time.nowMs() - since > SELECTION_TIMEOUT_MS) failed(connectionClosed);
    else time.after(SELECTION_POLL_MS, () => select(found, failed, since), owner);
  };

  let sent = 0;
  const exchange = (name: string, passage: Passage, act: Act, to: Member | null) => {
    const label = `${options.name}#${sent} ${name}`;
    sent += 1;
    return new Promise<Answer>((resolve, reject) => {
      const call = createCall(options, label, passage, { resolve, reject });
      if (to === null) select((member) => call.begin(member, act), call.fail);
      else call.begin(to, act);
    });
  };

  return {
    send: (command) => {
      const passage = options.passage(command.kind);
      return exchange(
        command.name,
        passage,
        (member, reply) =>
          member.receive(command, passage.heldUpMs, (answer) =>
            reply(answer.kind === 'done' ? { ...answer, election: member.name } : answer),
          ),
        command.transaction?.member ?? null,
      );
    },
    election: () => (known.isGone() ? null : known.name),
    commit: (transaction) =>
      exchange(
        'commit',
        options.passage('commit'),
        (member, reply) => member.commit(transaction, reply),
        transaction.member?.isGone() ? null : transaction.member,
      ),
    abort: (transaction) => {
      const { member } = transaction;
      if (member !== null)
        time.after(options.passage('commit').requestMs, () => member.abort(transaction), null);
      else transaction.isOver = true;
    },
  };
}

type Act = (member: Member, reply: (answer: Answer) => void) => void;

/** One exchange: it ends once, with an answer or an error, whatever happens to the command after that. */
function createCall(
  { time, owner, trace, underWay, orphanedMs }: LinkOptions,
  label: string,
  passage: Passage,
  { resolve, reject }: { resolve: (answer: Answer) => void; reject: (error: Error) => void },
) {
  let isSettled = false;
  const settle = (what: string, work: () => void) => {
    if (isSettled) return;
    isSettled = true;
    trace(() => `${label} ${what}`);
    work();
  };
  const fail = (make: () => Error) => {
    if (isSettled) return;
    const error = make();
    settle(error.name, () => reject(error));
  };
  const reply = (answer: Answer) => {
    trace(() => `${label} was answered: ${answer.kind}`);
    if (passage.loses === 'reply') return;
    const arrive = () => {
      if (answer.kind === 'cut') fail(connectionClosed);
      else settle(answer.kind, () => resolve(answer));
    };
    time.after(passage.replyMs, arrive, owner);
  };
  const begin = (member: Member, act: Act) => {
    trace(() => `${label} to ${member.name} ${describe(passage)}`);
    time.after(SOCKET_TIMEOUT_MS, () => fail(timedOut), owner);
    if (passage.breaksAfterMs !== null)
      time.after(passage.breaksAfterMs, () => fail(connectionClosed), owner);
    if (passage.loses === 'request') return;
    underWay(passage.requestMs + passage.heldUpMs);
    const arrive = () => {
      const lateMs = owner.alive() ? 0 : orphanedMs();
      if (lateMs === 0) return act(member, reply);
      trace(() => `${label} is late by ${Math.round(lateMs)} ms: its process is dead`);
      underWay(lateMs);
      if (lateMs < Infinity) time.after(lateMs, () => act(member, reply), null);
    };
    time.after(passage.requestMs, arrive, null);
  };
  return { begin, fail };
}

function describe({ requestMs, replyMs, heldUpMs, loses, breaksAfterMs }: Passage): string {
  const parts = [
    requestMs > 5 ? `request ${Math.round(requestMs)} ms` : '',
    replyMs > 5 ? `reply ${Math.round(replyMs)} ms` : '',
    heldUpMs > 0 ? `held up ${Math.round(heldUpMs)} ms` : '',
    loses === 'nothing' ? '' : `loses its ${loses}`,
    breaksAfterMs === null ? '' : `breaks after ${Math.round(breaksAfterMs)} ms`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
