import { MongoError } from 'mongodb';
import type { Drawn, DrawRequest, DrawResult } from '../port.ts';
import type { DrawsDocument, StoredDraw } from './collections.ts';
import { lookAfterAudit, lookBeforeAudit } from './confirm-takes.ts';
import type { DrawContext } from './draw-context.ts';
import type { DrawName } from './draw-ids.ts';
import { fromStoredMap } from './key-document.ts';
import { recoverTake } from './recovery.ts';
import { type Claim, type Naming, nameDraws } from './request-records.ts';
import type { Taken } from './round-steps.ts';
import { settleGroupLater, voidGroupLater } from './settle-group.ts';
import { withhold } from './usage-events.ts';
import { decideTakes, type Fate, writeAudit } from './void-rows.ts';

/** One draw that a take granted, before it is on record. */
export interface Serving extends DrawName {
  /** The draw's index in the round. */
  readonly index: number;
  readonly draw: DrawRequest;
  readonly drawId: string;
  readonly taken: Taken;
}

/**
 * Puts granted draws on record: first their names in the request records, then the audit of all takes at once. What is
 * not on record, or without a take that a majority has, is not served; a take without record is settled so that budget
 * units go back. Results by index in the round.
 */
export async function recordServings(
  context: DrawContext,
  servings: readonly Serving[],
  claims: ReadonlyMap<number, Claim>,
): Promise<Map<number, DrawResult>> {
  const names = await nameDraws(context, namingsOf(servings, claims));
  const named = servings.filter(({ drawId }) => (names.get(drawId) ?? 'ours') === 'ours');
  const looked = await lookBeforeAudit(context, takesOf(named));
  const ours = named.filter((serving) => !looked.lost.has(serving.taken) && mayStillSend(context, serving));
  const { fates, election } = await writeAudit(context, auditOf(ours));
  const real = ours.filter(({ take }) => fates.get(take) === 'real');
  const unconfirmed = await lookAfterAudit(context, takesOf(real), looked, election);
  const kept = new Set(real.flatMap(({ drawId, taken }) => (unconfirmed.has(taken) ? [] : [drawId])));
  settleTakes(context, servings, kept, fates);
  const withheld = real.flatMap(({ drawId }) => (kept.has(drawId) ? [] : [drawId]));
  if (withheld.length > 0) await withholdLost(context, withheld, kept.size > 0);
  return new Map(
    servings.map((serving): [number, DrawResult] => {
      if (kept.has(serving.drawId)) return [serving.index, drawn(serving)];
      const unknown = fates.get(serving.take) === 'unknown' || names.get(serving.drawId) === 'unknown';
      return [serving.index, { kind: unknown ? 'unavailable' : 'again' }];
    }),
  );
}

function takesOf(servings: readonly Serving[]): Taken[] {
  return [...new Set(servings.map(({ taken }) => taken))];
}

/**
 * What is on record does not leave where nothing tells of its take. `soon`: others wait to leave, so the rows are marked
 * beside them; else before the round ends, if the store answers.
 */
async function withholdLost(context: DrawContext, drawIds: readonly string[], soon: boolean): Promise<void> {
  const mark = () => withhold(context, drawIds);
  try {
    if (!soon) return await mark();
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  context.background.run('Withholding draws of a lost take', mark);
}

function namingsOf(servings: readonly Serving[], claims: ReadonlyMap<number, Claim>): Naming[] {
  return servings.flatMap(({ index, drawId, taken }) => {
    const claim = claims.get(index);
    return claim === undefined ? [] : [{ ...claim, draw: drawId, at: taken.row.took.at }];
  });
}

/** Soon after an open take's end (a grace after it) others may void its rows: none of them is sent any more. */
function mayStillSend({ options, openTakeMs }: DrawContext, { taken }: Serving): boolean {
  return options.clock.monotonicMs() < taken.sentAt + openTakeMs;
}

/** One row for all draws of a take. */
function auditOf(servings: readonly Serving[]): DrawsDocument[] {
  return [...Map.groupBy(servings, ({ take }) => take)].flatMap(([take, ofTake]) => {
    const [first] = ofTake;
    if (first === undefined) return [];
    const { taken, draw } = first;
    const { feature, units } = draw;
    const at = taken.row.took.at;
    const draws = ofTake.map(storedDraw);
    const group = taken.group === null ? {} : { group: { id: taken.group.groupId, at: taken.group.at } };
    return [
      { _id: take, kind: 'draws', at, key: taken.keyId, tier: taken.tierId, feature, units, ...group, draws },
    ];
  });
}

function storedDraw({ serial, draw }: Serving): StoredDraw {
  return {
    serial,
    consumer: draw.consumerId,
    request: draw.requestId,
    peer: draw.peerAddress,
    ...(draw.idempotency === null ? {} : { record: draw.idempotency.key }),
  };
}

function drawn({ drawId, taken }: Serving): Drawn {
  const { row } = taken;
  return {
    kind: 'drawn',
    drawId,
    at: row.took.at,
    keyId: taken.keyId,
    keyName: row.name,
    tierId: taken.tierId,
    value: row.value,
    secrets: fromStoredMap(row.secrets),
    metadata: fromStoredMap(row.metadata),
    expireAt: row.expireAt,
    leaveBy: taken.leaveBy,
    replayed: false,
  };
}

/** Takes that are wholly on record are settled; the rest is voided and goes back, now or as soon as the store answers. */
function settleTakes(
  context: DrawContext,
  servings: readonly Serving[],
  kept: ReadonlySet<string>,
  fates: ReadonlyMap<string, Fate>,
): void {
  for (const [take, draws] of Map.groupBy(servings, (serving) => serving.take)) {
    const [first] = draws;
    if (first === undefined) continue;
    const { tierId, keyId, row, group } = first.taken;
    const key = { tierId, keyId };
    const whole = draws.every(({ drawId }) => kept.has(drawId));
    if (group?.budgeted === true) {
      const units = row.took.granted;
      if (whole && group.n === units)
        context.settledGroups.add({ keyId: group.groupId, tierId: '' }, take, true);
      else if (whole) settleGroupLater(context, group, take, units);
      else voidGroupLater(context, group.groupId, take);
    }
    const budgeted = row.budgets.length > 0;
    if (budgeted && whole) context.settled.add(key, take, row.took.nextAt === row.took.at);
    else if (budgeted) context.background.run('Settling a take', () => recoverTake(context, key, take));
    else if (fates.get(take) === 'unknown') decideLater(context, take);
  }
}

/** A key without budgets gets nothing back, but the audit shall not show a draw that nobody got. */
function decideLater(context: DrawContext, take: string): void {
  context.background.run('Deciding the audit of a take', async () => {
    const decided = (await decideTakes(context, [take])).get(take);
    if (decided?.fate === 'unknown') throw new Error('The audit of a take is still undecided.');
  });
}
