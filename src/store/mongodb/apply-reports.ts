import { APPLIED_MAX, applyReport, settleInGroup } from '../../model/outcome-report.ts';
import type { GroupState } from '../../model/quota-group.ts';
import type { Tier } from '../../model/tier.ts';
import { PLAIN_POLICY } from '../../model/tier-policy.ts';
import { changeGroup } from './change-group.ts';
import { changeKeys, type KeyChange, type SeenRow } from './change-keys.ts';
import { type MongoContext, storeNow } from './context.ts';
import { wakeMembers } from './group-members.ts';
import { fromStateDocument } from './key-document.ts';
import { drawOfReport, type ReportDocument, storedReportOf } from './report-document.ts';
import type { KeyName } from './send-take.ts';
import { readTiers } from './tiers.ts';

/** Reports that are younger are left to the process that took them, in ms. */
const APPLY_AFTER_MS = 2000;

type ReadConcern = 'local' | 'majority';

/** Changes keys by reports on record that have not changed them yet; returns how many it were. */
export async function applyReports(context: MongoContext, limit: number): Promise<number> {
  const open = await context.rows.reports
    .find({ applied: false, at: { $lt: storeNow(context) - APPLY_AFTER_MS } })
    .sort({ at: 1 })
    .limit(limit)
    .toArray();
  return open.length === 0 ? 0 : applyStored(context, open, 'majority');
}

/**
 * Changes keys and groups by stored reports, each once, and marks those that have done so; returns how many. A row is read,
 * then whether reports are marked, then the row is written if nobody has since: so what was marked before the row was read
 * is seen to be, and what has changed the row and was not marked is in its list. `readConcern`: of rows; who did not write
 * what is in such a list believes it when a majority has it.
 */
export async function applyStored(
  context: MongoContext,
  reports: readonly ReportDocument[],
  readConcern: ReadConcern,
): Promise<number> {
  const done = new Set<string>();
  const names = [...new Map(reports.map(({ key, tier }) => [key, { keyId: key, tierId: tier }])).values()];
  const missing = await applyToKeys(context, reports, names, readConcern, done);
  if (missing.length > 0) {
    // A key that went to another tier is found there; to one that is gone there is nothing to do.
    const moved = await whereNow(context, missing);
    const gone = new Set(missing.filter((id) => !moved.some(({ keyId }) => keyId === id)));
    for (const { _id, key } of reports) if (gone.has(key)) done.add(_id);
    await applyToKeys(context, reports, moved, readConcern, done);
  }
  // A group has in its list only what its key has been changed by, so that neither list waits for room in the other.
  const inKeys = reports.filter(({ _id }) => done.has(_id));
  for (const id of await notInGroups(context, inKeys, readConcern)) done.delete(id);
  const ids = [...done];
  if (ids.length > 0)
    await context.rows.reports.updateMany({ _id: { $in: ids }, applied: false }, { $set: { applied: true } });
  return ids.length;
}

async function whereNow({ rows }: MongoContext, keyIds: readonly string[]): Promise<readonly KeyName[]> {
  const found = await rows.keys
    .find({ _id: { $in: [...keyIds] } })
    .project<{ _id: string; tierId: string }>({ tierId: 1 })
    .toArray();
  return found.map(({ _id, tierId }) => ({ keyId: _id, tierId }));
}

/** Which of the ids are of reports that are marked, or gone. */
async function markedAmong({ rows }: MongoContext, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await rows.reports
    .find({ _id: { $in: [...ids] } }, { readConcern: { level: 'majority' } })
    .project<{ _id: string; applied: boolean }>({ applied: 1 })
    .toArray();
  const open = new Set(found.filter(({ applied }) => !applied).map(({ _id }) => _id));
  const known = new Set(found.map(({ _id }) => _id));
  const unseen = ids.filter((id) => !known.has(id));
  // A primary that is new may have rows of which it does not know yet that a majority has them: those are not gone.
  const late = unseen.length === 0 ? [] : await openAmong(rows, unseen);
  for (const id of late) open.add(id);
  return new Set(ids.filter((id) => !open.has(id)));
}

async function openAmong({ reports }: MongoContext['rows'], ids: readonly string[]): Promise<string[]> {
  const found = await reports
    .find({ _id: { $in: [...ids] }, applied: false }, { readConcern: { level: 'local' } })
    .project<{ _id: string }>({ _id: 1 })
    .hint({ _id: 1 })
    .toArray();
  return found.map(({ _id }) => _id);
}

/** Gives the ids of keys that are not there by these names, and notes in `done` which reports have been seen to. */
async function applyToKeys(
  context: MongoContext,
  reports: readonly ReportDocument[],
  names: readonly KeyName[],
  readConcern: ReadConcern,
  done: Set<string>,
): Promise<readonly string[]> {
  const seen = new Set<string>();
  const ofKey = Map.groupBy(reports, ({ key }) => key);
  const freed = new Set<string>();
  const tried = new Map<string, readonly string[]>();
  await changeKeys(
    context,
    names,
    async (rows, left) => {
      // Of what was tried before, only what the row shows has been done: it may also have gone to another tier since.
      for (const { keyId } of left) seen.delete(keyId);
      const before = new Map(left.map(({ keyId }) => [keyId, tried.get(keyId) ?? []]));
      for (const { keyId } of left) tried.delete(keyId);
      for (const { _id } of rows) seen.add(_id);
      const listed = rows.flatMap(({ _id, health }) => [
        ...(health?.applied ?? []),
        ...(ofKey.get(_id) ?? []).map((report) => report._id),
      ]);
      const [marked, tiers] = await Promise.all([
        markedAmong(context, listed),
        readTiers(
          context,
          rows.map(({ tierId }) => tierId),
        ),
      ]);
      const changes = rows.flatMap((row): [string, KeyChange][] => {
        const tier = tiers.get(row.tierId);
        const left = (ofKey.get(row._id) ?? []).filter(({ _id }) => !done.has(_id));
        if (tier === undefined) return [];
        const { change, done: over, tried: own } = changeBy(left, row, tier, marked, readConcern);
        for (const id of over) done.add(id);
        const shown = (before.get(row._id) ?? []).filter((id) => row.health?.applied.includes(id));
        tried.set(row._id, [...shown, ...own]);
        if (change === null) return [];
        freed.add(row.tierId);
        return [[row._id, change]];
      });
      return new Map(changes);
    },
    readConcern,
  );
  // All changes went through, of each key the last that was tried.
  for (const ids of tried.values()) for (const id of ids) done.add(id);
  for (const tierId of freed) context.freed(tierId);
  return names.map(({ keyId }) => keyId).filter((keyId) => !seen.has(keyId));
}

/**
 * What follows from a report counts from its moment on, also where it is applied late; but not from a moment to which the
 * server (`now`) has not come, as by the clock of the primary before: what still counts by then would be forgotten.
 */
const momentOf = ({ at }: ReportDocument, now: number): number => Math.min(at, now);

/** What reports make of a row; `done`: those with nothing left to do, `tried`: those that the change would see to. */
function changeBy(
  reports: readonly ReportDocument[],
  row: SeenRow,
  tier: Tier,
  marked: ReadonlySet<string>,
  readConcern: ReadConcern,
): {
  readonly change: KeyChange | null;
  readonly done: readonly string[];
  readonly tried: readonly string[];
} {
  const before = fromStateDocument(row);
  const { applied } = before.health;
  const left = applied.filter((id) => !marked.has(id));
  const done: string[] = [];
  const tried: string[] = [];
  let state =
    left.length === applied.length ? before : { ...before, health: { ...before.health, applied: left } };
  const pruned = state;
  let set: KeyChange['set'] = {};
  let isFull = false;
  for (const report of reports.toSorted((a, b) => a.at - b.at || (a._id < b._id ? -1 : 1))) {
    if (marked.has(report._id)) {
      done.push(report._id);
      continue;
    }
    if (applied.includes(report._id)) {
      if (readConcern === 'majority') done.push(report._id);
      continue;
    }
    // The list is full of reports whose marks are on their way, some of them maybe among the next: they are to be marked
    // before the sweep goes on here.
    isFull ||= state.health.applied.length >= APPLIED_MAX;
    if (isFull) continue;
    const now = Math.max(momentOf(report, row.now), before.takenAt);
    const result = applyReport(state, tier, drawOfReport(report), storedReportOf(report), now);
    if (result.state === state) done.push(report._id);
    else tried.push(report._id);
    state = result.state;
    if (result.quarantined !== null) set = { stateReason: result.quarantined, updatedAt: now };
    if (result.released) set = { stateReason: '', updatedAt: now };
  }
  return { change: state === pruned ? null : { state, set }, done, tried };
}

/** Settles the units of draws that took them of quota groups too; gives the reports that have yet to. */
async function notInGroups(
  context: MongoContext,
  reports: readonly ReportDocument[],
  readConcern: ReadConcern,
): Promise<readonly string[]> {
  const settling = reports.filter(
    ({ group, units, drawn }) => group !== undefined && units !== null && units !== drawn,
  );
  if (settling.length === 0) return [];
  const tiers = await readTiers(
    context,
    settling.map(({ tier }) => tier),
  );
  const missed: string[] = [];
  for (const [groupId = '', own] of Map.groupBy(settling, ({ group }) => group?.id)) {
    let late: string[] = [];
    const settle = async (group: GroupState, now: number): Promise<GroupState> => {
      const marked = await markedAmong(context, [...group.applied, ...own.map(({ _id }) => _id)]);
      const left = group.applied.filter((id) => !marked.has(id));
      const pruned = left.length === group.applied.length ? group : { ...group, applied: left };
      let state: GroupState = pruned;
      late = [];
      for (const report of own) {
        if (marked.has(report._id)) continue;
        const isIn = group.applied.includes(report._id);
        if (isIn && readConcern === 'majority') continue;
        if (isIn || state.applied.length >= APPLIED_MAX) {
          late.push(report._id);
          continue;
        }
        const policy = tiers.get(report.tier)?.policy ?? PLAIN_POLICY;
        const draw = { ...drawOfReport(report), at: report.group?.at ?? report.drawnAt };
        state = settleInGroup(state, policy, draw, storedReportOf(report), momentOf(report, now));
      }
      return state === pruned ? group : state;
    };
    const changed = await changeGroup(context, groupId, settle, { wakes: true, readConcern });
    if (changed?.wakes === true) await wakeMembers(context, groupId, changed.turn);
    missed.push(...late);
  }
  return missed;
}
