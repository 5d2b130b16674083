import { SealBrokenError } from '../model/sealing.ts';
import type { Drawn } from '../store/port.ts';
import type { Context } from './context.ts';
import { type KeypoolError, storeUnavailable } from './errors.ts';

/** A key in the open, for its caller's eyes only: a drawn one with value and secrets opened. */
export interface DrawnKey extends Omit<Drawn, 'kind' | 'at'> {
  readonly units: number;
}

/** Opens value and secrets. Throws SealBrokenError. */
function opened({ openedValues }: Context, drawn: Drawn, units: number): DrawnKey {
  const row = drawn.keyId;
  const secrets: Record<string, string> = {};
  for (const name in drawn.secrets)
    secrets[name] = openedValues.open(drawn.secrets[name] ?? '', {
      table: 'keys',
      row,
      field: `secrets.${name}`,
    });
  return {
    drawId: drawn.drawId,
    keyId: row,
    keyName: drawn.keyName,
    tierId: drawn.tierId,
    value: openedValues.open(drawn.value, { table: 'keys', row, field: 'value' }),
    secrets,
    metadata: drawn.metadata,
    units,
    expireAt: drawn.expireAt,
    leaveBy: drawn.leaveBy,
    replayed: drawn.replayed,
  };
}

/** Marks a draw whose value stays here. A retry leaves the row alone: its value may have left before. */
async function withhold(context: Context, drawn: Pick<Drawn, 'drawId' | 'replayed'>): Promise<void> {
  if (!drawn.replayed) await context.store.withhold([drawn.drawId]);
}

function warnOfLateness(context: Context, drawId: string): void {
  context.log.warn({ draw_id: drawId }, 'a value came too late to leave and was withheld');
}

/** Takes a key out of the pool whose seal is broken. */
async function quarantine(context: Context, drawn: Drawn, broken: SealBrokenError): Promise<void> {
  const reason = `SEAL_BROKEN: ${broken.message}`;
  context.log.error({ key_id: drawn.keyId, reason }, 'a key was quarantined: its value does not open');
  for (const sealed of [drawn.value, ...Object.values(drawn.secrets)]) context.openedValues.forget(sealed);
  await context.store.quarantineKey(drawn.keyId, drawn.value, reason);
}

async function keepBack(context: Context, drawn: Drawn, broken: SealBrokenError | null): Promise<null> {
  if (broken === null) warnOfLateness(context, drawn.drawId);
  else await quarantine(context, drawn, broken);
  await withhold(context, drawn);
  return null;
}

/**
 * Opens a drawn key, or takes it out of the pool when its seal is broken; null when the value may not leave. At once
 * where nothing keeps it back.
 */
export function release(context: Context, drawn: Drawn, units: number): DrawnKey | Promise<null> {
  try {
    const key = opened(context, drawn, units);
    return context.clock.monotonicMs() <= drawn.leaveBy ? key : keepBack(context, drawn, null);
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return keepBack(context, drawn, error);
  }
}

/** Marks a draw whose value was ready and never left. Does not wait, and never throws. */
export function withholdUnsent(context: Context, key: Pick<DrawnKey, 'drawId' | 'replayed'>): void {
  withhold(context, key).catch((error: unknown) => {
    context.log.error({ err: error, draw_id: key.drawId }, 'a withheld draw could not be marked');
  });
}

/**
 * The last look before an answer is written: null when the value may still leave; else it is withheld, and the caller
 * gets this error in its place.
 */
export function refuseIfLate(context: Context, key: DrawnKey): KeypoolError | null {
  if (context.clock.monotonicMs() <= key.leaveBy) return null;
  warnOfLateness(context, key.drawId);
  withholdUnsent(context, key);
  return storeUnavailable('the value could not leave in time');
}
