import { createHash } from 'node:crypto';
import { SealBrokenError } from '../model/sealing.ts';
import type { Drawn, DrawRequest } from '../store/port.ts';
import type { Call, Context } from './context.ts';
import { drawQueues, queuesForUnits } from './draw-queues.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';
import type { RoundsResult } from './rounds.ts';
import { fromStore } from './store-errors.ts';

export interface DrawKeyInput {
  readonly feature: string;
  /** 1 to 1,000,000. */
  readonly units: number;
  /** Draw from this tier only; null for any that is granted. */
  readonly tierId: string | null;
  /** Makes retries safe for 10 minutes: the same id gives the same draw. */
  readonly requestId: string | null;
}

/** A key in the open, for its caller's eyes only. */
export interface DrawnKey {
  readonly drawId: string;
  readonly keyId: string;
  readonly keyName: string;
  readonly tierId: string;
  readonly value: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly units: number;
  readonly expireAt: number | null;
}

/** Draws tried for one call when a value may not leave: late audit, broken seal, stale tier. */
const TRIES_MAX = 8;

function sha256(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function callerId(call: Call): string {
  return call.identity.kind === 'root' ? '' : call.identity.consumer.id;
}

async function requestOf(context: Context, call: Call, input: DrawKeyInput): Promise<DrawRequest> {
  const queues = await drawQueues(context, call.identity, input.feature, input.tierId);
  const idempotency =
    input.requestId === null
      ? null
      : {
          key: sha256([callerId(call), input.requestId]),
          fingerprint: sha256([input.feature, String(input.units), input.tierId ?? '']),
        };
  return {
    feature: input.feature,
    units: input.units,
    queues: queuesForUnits(queues, input.units),
    consumerId: callerId(call),
    peerAddress: call.peerAddress,
    requestId: input.requestId ?? call.requestId,
    idempotency,
  };
}

function refusal(context: Context, input: DrawKeyInput, result: Exclude<RoundsResult, Drawn>): KeypoolError {
  const metadata = { feature: input.feature };
  switch (result.kind) {
    case 'exhausted': {
      const retryAfterMs = Math.max(1, Math.ceil(result.nextAt - context.store.now()));
      const message = `Every key for ${input.feature} is at a limit. Try again in ${retryAfterMs} ms.`;
      return new KeypoolError('POOL_EXHAUSTED', message, { metadata, retryAfterMs });
    }
    case 'empty':
      return new KeypoolError(
        'POOL_EMPTY',
        `No key for ${input.feature} can serve this draw, and waiting does not help. Add keys, or raise or reset their budgets.`,
        { metadata },
      );
    case 'gone':
      return new KeypoolError(
        'POOL_EMPTY',
        'The key of this request id can no longer be handed out. Draw again with a new request id.',
        { metadata },
      );
    case 'reused':
      return new KeypoolError(
        'REQUEST_ID_REUSED',
        'request_id: was used for a draw with other fields. Send the same fields again, or use a new id.',
        { violations: [{ field: 'requestId', description: 'use a new id for a draw with other fields' }] },
      );
    case 'stale':
    case 'unavailable':
      return storeUnavailable(result.kind);
  }
}

/** Opens value and secrets. Throws SealBrokenError. */
function opened(context: Context, drawn: Drawn, units: number): DrawnKey {
  const place = (field: string) => ({ table: 'keys', row: drawn.keyId, field });
  const secrets: Record<string, string> = {};
  for (const [name, sealed] of Object.entries(drawn.secrets))
    secrets[name] = context.sealer.open(sealed, place(`secrets.${name}`));
  return {
    drawId: drawn.drawId,
    keyId: drawn.keyId,
    keyName: drawn.keyName,
    tierId: drawn.tierId,
    value: context.sealer.open(drawn.value, place('value')),
    secrets,
    metadata: drawn.metadata,
    units,
    expireAt: drawn.expireAt,
  };
}

/** Opens a drawn key, or takes it out of the pool when its seal is broken; null when the value may not leave. */
async function release(context: Context, drawn: Drawn, units: number): Promise<DrawnKey | null> {
  try {
    const key = opened(context, drawn, units);
    if (context.clock.monotonicMs() <= drawn.leaveBy) return key;
    context.log.warn({ draw_id: drawn.drawId }, 'a value came too late to leave and was withheld');
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    const reason = `SEAL_BROKEN: ${error.message}`;
    context.log.error({ key_id: drawn.keyId, reason }, 'a key was quarantined: its value does not open');
    await context.store.quarantineKey(drawn.keyId, reason);
  }
  await context.store.withhold([drawn.drawId]);
  return null;
}

/**
 * Hands out one key for a feature. Its usage event is durable before the value leaves, and no limit or budget of the
 * key is passed. Errors: FEATURE_NOT_FOUND, FEATURE_NOT_GRANTED, UNITS_TOO_LARGE, POOL_EXHAUSTED, POOL_EMPTY,
 * REQUEST_ID_REUSED, OVERLOADED, STORE_UNAVAILABLE.
 */
export async function drawKey(context: Context, call: Call, input: DrawKeyInput): Promise<DrawnKey> {
  try {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const request = await requestOf(context, call, input);
      const result = await context.rounds.draw(request, call.signal);
      if (result.kind === 'drawn') {
        const key = await release(context, result, input.units);
        if (key !== null) return key;
      } else if (result.kind === 'stale') context.directory.forgetTier(result.tierId);
      else throw refusal(context, input, result);
    }
  } catch (error) {
    throw fromStore(error);
  }
  throw storeUnavailable('no value could leave in time');
}
