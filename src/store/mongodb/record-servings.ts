import type { Drawn, DrawRequest, DrawResult } from '../port.ts';
import type { DrawDocument } from './collections.ts';
import type { DrawContext } from './draw-context.ts';
import { fromStoredMap } from './key-document.ts';
import { recoverTake } from './recovery.ts';
import { type Claim, type Naming, nameDraws } from './request-records.ts';
import type { Taken } from './round-steps.ts';
import { decideRows, type Fate, writeAuditRows } from './void-rows.ts';

/** One draw that a take granted, before it is on record. */
export interface Serving {
  /** The draw's index in the round. */
  readonly index: number;
  readonly draw: DrawRequest;
  readonly drawId: string;
  readonly taken: Taken;
}

/**
 * Puts granted draws on record: first their names in the request records, then all audit rows at once. What is not on
 * record is not served, and its take is settled so that budget units go back. Results by index in the round.
 */
export async function recordServings(
  context: DrawContext,
  servings: readonly Serving[],
  claims: ReadonlyMap<number, Claim>,
): Promise<Map<number, DrawResult>> {
  const names = await nameDraws(context, namingsOf(servings, claims));
  const ours = servings.filter(
    (serving) => (names.get(serving.drawId) ?? 'ours') === 'ours' && mayStillSend(context, serving),
  );
  const fates = await writeAuditRows(context, ours.map(auditRow));
  settleTakes(context, servings, fates);
  return new Map(
    servings.map((serving): [number, DrawResult] => {
      const fate = fates.get(serving.drawId);
      if (fate === 'real') return [serving.index, drawn(serving)];
      const unknown = fate === 'unknown' || names.get(serving.drawId) === 'unknown';
      return [serving.index, { kind: unknown ? 'unavailable' : 'again' }];
    }),
  );
}

function namingsOf(servings: readonly Serving[], claims: ReadonlyMap<number, Claim>): Naming[] {
  return servings.flatMap(({ index, drawId, taken }) => {
    const claim = claims.get(index);
    return claim === undefined ? [] : [{ ...claim, draw: drawId, at: taken.row.took.at }];
  });
}

/** After an open take's end others may void its rows: none of them is sent any more. */
function mayStillSend({ options, openTakeMs }: DrawContext, { taken }: Serving): boolean {
  return options.clock.monotonicMs() < taken.sentAt + openTakeMs;
}

function auditRow({ draw, drawId, taken }: Serving): DrawDocument {
  return {
    _id: drawId,
    kind: 'draw',
    at: taken.row.took.at,
    consumer: draw.consumerId,
    key: taken.keyId,
    tier: taken.tierId,
    feature: draw.feature,
    units: draw.units,
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
  fates: ReadonlyMap<string, Fate>,
): void {
  const byTake = Map.groupBy(servings, ({ taken }) => taken.row.took.take);
  for (const [take, draws] of byTake) {
    const [first] = draws;
    if (first === undefined) continue;
    const { tierId, keyId, row } = first.taken;
    const key = { tierId, keyId };
    const missing = draws.filter(({ drawId }) => fates.get(drawId) !== 'real');
    const budgeted = row.budgets.length > 0;
    if (missing.length === 0) {
      if (budgeted) context.settled.add(key, take);
    } else if (budgeted) context.background.run('Settling a take', () => recoverTake(context, key, take));
    else voidLater(context, missing, fates);
  }
}

/** A key without budgets gets nothing back, but the audit shall not show a draw that nobody got. */
function voidLater(
  context: DrawContext,
  missing: readonly Serving[],
  fates: ReadonlyMap<string, Fate>,
): void {
  const undecided = missing.map(({ drawId }) => drawId).filter((id) => fates.get(id) === 'unknown');
  if (undecided.length === 0) return;
  context.background.run('Deciding audit rows', async () => {
    const decided = await decideRows(context, undecided);
    if ([...decided.values()].includes('unknown')) throw new Error('Audit rows are still undecided.');
  });
}
