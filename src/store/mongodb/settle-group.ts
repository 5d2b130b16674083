import { RECOVERY_GRACE_MS } from '../../model/key.ts';
import type { GroupState } from '../../model/quota-group.ts';
import { settleTake } from '../../model/take.ts';
import { StoreError } from '../errors.ts';
import { changeGroup } from './change-group.ts';
import { type MongoContext, storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { wakeMembers } from './group-members.ts';
import type { GroupPart } from './send-take.ts';
import { decideTakes } from './void-rows.ts';

/** So many units of a take were drawn in the end. */
interface Settlement {
  readonly take: string;
  readonly real: number;
}

/** Takes entries off a group's row and puts back what was not drawn; its keys try again where it had nothing before. */
async function settle(context: MongoContext, groupId: string, settled: readonly Settlement[]): Promise<void> {
  const settleAll = (group: GroupState): GroupState =>
    settled.reduce((state, { take, real }) => {
      const entry = state.open.find((open) => open.take === take);
      return entry === undefined ? state : settleTake(state, { take, n: entry.n }, Math.min(real, entry.n));
    }, group);
  const changed = await changeGroup(context, groupId, settleAll, { wakes: true });
  if (changed?.wakes === true) await wakeMembers(context, groupId, changed.turn);
}

/** Settles takes all of whose units were drawn. */
export async function flushGroups(
  context: MongoContext,
  settled: readonly { readonly keyId: string; readonly takes: readonly string[] }[],
): Promise<void> {
  for (const { keyId, takes } of settled)
    await settle(
      context,
      keyId,
      takes.map((take) => ({ take, real: Infinity })),
    );
}

/** Puts back what a take that is decided did not draw of its group's units, after its caller was answered. */
export function settleGroupLater(
  context: DrawContext,
  { groupId }: GroupPart,
  take: string,
  real: number,
): void {
  context.background.run('Settling a take of a quota group', () =>
    settle(context, groupId, [{ take, real }]),
  );
}

/** The same of a take whose audit is to be decided first. */
export function voidGroupLater(context: DrawContext, groupId: string, take: string): void {
  context.background.run('Settling a take of a quota group', async () => {
    const row = await context.rows.groups.findOne({ _id: groupId, 'open.take': take });
    const entry = row?.open.find((open) => open.take === take);
    if (entry === undefined) return;
    await settleDecided(context, [{ groupId, take, units: entry.units }]);
  });
}

interface Entry {
  readonly groupId: string;
  readonly take: string;
  /** Of each draw. */
  readonly units: number;
}

/** Settles open takes of groups by their audit; returns how many. Errors: `unavailable` when none could be decided. */
async function settleDecided(context: MongoContext, entries: readonly Entry[]): Promise<number> {
  if (entries.length === 0) return 0;
  const fates = await decideTakes(
    context,
    entries.map(({ take }) => take),
  );
  const decided = entries.flatMap(({ groupId, take, units }) => {
    const { fate, draws } = fates.get(take) ?? { fate: 'unknown', draws: 0 };
    return fate === 'unknown' ? [] : [{ groupId, take, real: draws * units }];
  });
  if (decided.length === 0)
    throw new StoreError('unavailable', 'The audit of an open take could not be decided.');
  for (const [groupId, ofGroup] of Map.groupBy(decided, (one) => one.groupId))
    await settle(context, groupId, ofGroup);
  return decided.length;
}

/**
 * Settles open takes of groups whose process is gone, `limit` at most, and lets keys try whose group has units since
 * then; returns how many it settled.
 */
export async function recoverGroups(context: MongoContext, limit: number): Promise<number> {
  const { groups } = context.rows;
  const overdue = storeNow(context) - RECOVERY_GRACE_MS;
  const [rows, asleep] = await Promise.all([
    groups
      .find({ openEnd: { $lt: overdue } })
      .sort({ openEnd: 1 })
      .limit(limit)
      .toArray(),
    groups
      .find({ wakes: { $gt: '' } })
      .project<{ _id: string; wakes: string }>({ wakes: 1 })
      .limit(limit)
      .toArray(),
  ]);
  for (const { _id, wakes } of asleep) await wakeMembers(context, _id, wakes);
  const entries = rows.flatMap(({ _id, open }) =>
    open.filter(({ end }) => end < overdue).map(({ take, units }) => ({ groupId: _id, take, units })),
  );
  return settleDecided(context, entries.slice(0, limit));
}
