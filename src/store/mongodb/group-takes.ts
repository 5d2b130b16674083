import { MongoError } from 'mongodb';
import { setBounded } from '../../model/bounded-map.ts';
import { type GroupRequest, type GroupState, groupNextAt, takeFromGroup } from '../../model/quota-group.ts';
import type { Took } from '../../model/take.ts';
import { guardMs } from '../../model/tier.ts';
import { StoreError } from '../errors.ts';
import { budgetGuards } from './budget-guards.ts';
import { changeGroup, readGroup } from './change-group.ts';
import type { MongoContext } from './context.ts';
import { fromGroupDocument } from './group-document.ts';
import { parkMembers, wakeMembers } from './group-members.ts';

/** What a quota group gave for a take. */
export interface GroupShare {
  readonly groupId: string;
  readonly took: Took;
  /** Whether it has budgets, and so keeps the take open until its audit is settled. */
  readonly budgeted: boolean;
  /** How long after the take a value may leave, in ms, twice over: the guards of its quotas. */
  readonly guards: readonly number[];
  /** Set where it has no unit left: until when (ms), null for ever, and since which write. */
  readonly spent: { readonly until: number | null; readonly turn: string } | null;
}

/** `unknown`: it may have given something, or still do; what it took stays counted until it is recovered. */
export type GroupReply = GroupShare | { readonly unknown: unknown };

/** Asks quota groups for units before their keys are asked. */
export interface GroupTakes {
  /** Those that wait while a group is asked are asked for together, in one change of its row. */
  readonly ask: (groupId: string, request: GroupRequest) => Promise<GroupReply>;
  /** Parks all keys of groups that have no unit left, when what was taken from them is written. */
  readonly parkSpent: (shares: readonly GroupShare[]) => Promise<void>;
}

/** Takes that one change of a group's row makes at most. */
const TOGETHER_MAX = 64;

interface Waiting {
  readonly request: GroupRequest;
  readonly answer: (reply: GroupReply) => void;
}

/** How the keys of a group are parked, or were last, and until when (monotonic, ms) that is taken for granted. */
interface Parked {
  readonly turn: string;
  readonly at: number | null;
  readonly until: number;
  readonly done: Promise<void>;
}

const PARKED_FOR_MS = 500;
const PARKED_MAX = 10_000;

/** A group in which takes of this process are under way, or wait. */
interface Counter {
  waiting: Waiting[];
}

export function createGroupTakes(context: MongoContext): GroupTakes {
  const counters = new Map<string, Counter>();
  const parked = new Map<string, Parked>();

  const serve = async (groupId: string, counter: Counter): Promise<void> => {
    // Those that ask in the same turn of the process go together.
    await Promise.resolve();
    while (counter.waiting.length > 0) {
      const together = counter.waiting.slice(0, TOGETHER_MAX);
      counter.waiting = counter.waiting.slice(TOGETHER_MAX);
      const replies = await takeTogether(
        context,
        groupId,
        together.map(({ request }) => request),
      );
      for (const [i, { answer }] of together.entries()) answer(replies[i] ?? { unknown: null });
    }
    counters.delete(groupId);
  };

  return {
    parkSpent: async (shares) => {
      const latest = new Map(shares.map(({ groupId, spent }) => [groupId, spent]));
      await Promise.all(
        [...latest].map(([groupId, spent]) =>
          spent === null ? undefined : parkKeys(context, parked, groupId, spent),
        ),
      );
    },
    ask: (groupId, request) =>
      new Promise((answer) => {
        const counter = counters.get(groupId);
        if (counter !== undefined) {
          counter.waiting.push({ request, answer });
          return;
        }
        const fresh: Counter = { waiting: [{ request, answer }] };
        counters.set(groupId, fresh);
        void serve(groupId, fresh);
      }),
  };
}

/** Never rejects: what is not known is `unknown`. */
async function takeTogether(
  context: MongoContext,
  groupId: string,
  requests: readonly GroupRequest[],
): Promise<readonly GroupReply[]> {
  let answers: Took[] = [];
  try {
    const changed = await changeGroup(context, groupId, (group, now) => {
      answers = [];
      return requests.reduce<GroupState>((state, request) => {
        const result = takeFromGroup(state, request, now);
        answers.push(result.took);
        return result.state;
      }, group);
    });
    if (changed === null) throw new StoreError('unavailable', `The quota group "${groupId}" is gone.`);
    const { limits, budgets } = changed.after;
    const guards = [...limits.map(guardMs), ...budgetGuards(budgets, changed.now)];
    const until = groupNextAt(changed.after, 1, changed.now);
    const spent = until !== null && until <= changed.now ? null : { until, turn: changed.turn };
    return answers.map((took) => ({ groupId, took, budgeted: budgets.length > 0, guards, spent }));
  } catch (error) {
    return requests.map(() => ({ unknown: error }));
  }
}

/** Exhausting a group parks all its keys: once for all draws that find it so at the same time. */
function parkKeys(
  context: MongoContext,
  parked: Map<string, Parked>,
  groupId: string,
  spent: NonNullable<GroupShare['spent']>,
): Promise<void> {
  const { turn, until: at } = spent;
  const last = parked.get(groupId);
  const { monotonicMs } = context.options.clock;
  if (last !== undefined && last.turn === turn && last.at === at && monotonicMs() < last.until)
    return last.done;
  const done = parkAndLook(context, groupId, spent).then((isParked) => {
    if (parked.get(groupId)?.done !== done) return;
    if (isParked)
      setBounded(parked, PARKED_MAX, groupId, { turn, at, until: monotonicMs() + PARKED_FOR_MS, done });
    else parked.delete(groupId);
  });
  setBounded(parked, PARKED_MAX, groupId, { turn, at, until: Infinity, done });
  return done;
}

/** False where the keys may not all have been parked. */
async function parkAndLook(
  context: MongoContext,
  groupId: string,
  { turn, until: at }: NonNullable<GroupShare['spent']>,
): Promise<boolean> {
  try {
    await parkMembers(context, groupId, at);
    // Who gave it units meanwhile has let the keys try before they were parked.
    const row = await readGroup(context, groupId);
    if (row === null || row.turn === turn) return true;
    const next = groupNextAt(fromGroupDocument(row), 1, Math.max(row.now, row.takenAt));
    if (next !== null && (at === null || next < at)) await wakeMembers(context, groupId, row.wakes ?? '');
    return true;
  } catch (error) {
    // The next draw finds the group spent, and parks them.
    if (!(error instanceof MongoError) && !(error instanceof StoreError)) throw error;
    return false;
  }
}
