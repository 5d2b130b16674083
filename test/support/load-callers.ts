import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Code,
  type DrawKeyRequestSchema,
  type DrawKeyResponse,
  KeyPoolService,
} from '../../src/client/exports.ts';
import { type LoadConnection, openConnection } from './load-connection.ts';
import { callRpc, type RpcRefusal } from './load-rpc.ts';

export type DrawFields = MessageInitShape<typeof DrawKeyRequestSchema>;

/** When a call was sent and answered (ms of this process's monotonic clock), and by which server. */
export type CallTimes = { readonly sentAt: number; readonly answeredAt: number; readonly url: string };

export type ServedDraw = CallTimes &
  Pick<DrawKeyResponse, 'drawId' | 'keyId' | 'tierId' | 'units' | 'value'> & { readonly requestId: string };

export type RefusedDraw = CallTimes & {
  readonly feature: string;
  readonly message: string;
  readonly reason: string;
  readonly code: Code;
  readonly retryAfterMs: number | null;
};

export type LoadOptions = {
  readonly callers: number;
  readonly token: string;
  /** Where a caller's next call goes, by its number from 0. */
  readonly url: (caller: number) => string;
  readonly draw: (caller: number) => DrawFields;
  /** Tries again after so many ms, even where it is told to wait for longer. */
  readonly patienceMs?: number;
  /** How long a caller does something else between two draws, in ms; without it, it draws again at once. */
  readonly paceMs?: number;
  /** Draws that are made at most; without it callers go on until they are refused for good, or stopped. */
  readonly drawsMax?: number;
  readonly onServed?: (servedSoFar: number) => void;
  /** Ends the callers with their test, however that ends. */
  readonly signal?: AbortSignal;
};

export type Load = {
  readonly served: readonly ServedDraw[];
  readonly refused: readonly RefusedDraw[];
  /** Calls that got no whole answer; the same call is then made again. */
  readonly lost: () => number;
  /** Resolves when every caller has ended. */
  readonly ended: Promise<void>;
  /** Ends every caller after the call it has under way. */
  readonly stop: () => Promise<void>;
};

const RECONNECT_MS = 50;

/**
 * Keeps callers drawing, one call at a time each. After a refusal with RetryInfo the caller waits as it says, or until
 * its patience ends; one without ends the caller.
 */
export function startLoad(options: LoadOptions): Load {
  const served: ServedDraw[] = [];
  const refused: RefusedDraw[] = [];
  const stop = new AbortController();
  const stopped = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  let lost = 0;
  let draws = 0;

  const pause = (ms: number) => delay(ms, undefined, { signal: stopped }).catch(() => undefined);
  const mayDraw = () => !stopped.aborted && draws++ < (options.drawsMax ?? Infinity);

  /** Makes one draw to its answer, however often the connection breaks; false ends the caller. */
  async function drawOnce(connection: LoadConnection, caller: number): Promise<boolean> {
    const fields = options.draw(caller);
    while (!stopped.aborted) {
      const url = options.url(caller);
      const sentAt = performance.now();
      const answer = await callRpc(
        connection,
        { url, token: options.token },
        KeyPoolService.method.drawKey,
        fields,
      ).catch(() => null);
      const times = { sentAt, answeredAt: performance.now(), url };
      if (answer === null) {
        lost += 1;
        await pause(RECONNECT_MS);
      } else if (answer.ok) {
        const { drawId, keyId, tierId, units, value } = answer.message;
        served.push({ ...times, drawId, keyId, tierId, units, value, requestId: fields.requestId ?? '' });
        options.onServed?.(served.length);
        return true;
      } else {
        refused.push({ ...times, feature: fields.feature ?? '', ...refusalFields(answer) });
        // A call that took too long may be made again, although nobody says when.
        if (answer.retryAfterMs === null && answer.reason !== 'DEADLINE_EXCEEDED') return false;
        await pause(Math.min(answer.retryAfterMs ?? RECONNECT_MS, options.patienceMs ?? Infinity));
      }
    }
    return false;
  }

  async function keepDrawing(caller: number): Promise<void> {
    const connection = openConnection();
    while (mayDraw() && (await drawOnce(connection, caller)))
      if (options.paceMs !== undefined) await pause(options.paceMs);
    connection.close();
  }

  const callers = Array.from({ length: options.callers }, (_, caller) => keepDrawing(caller));
  const ended = Promise.all(callers).then(() => undefined);
  return {
    served,
    refused,
    lost: () => lost,
    ended,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

/** Callers draw until nothing is left and nothing can come back any more, which is what they all have to be told. */
export async function drain(options: LoadOptions): Promise<Load> {
  const load = startLoad(options);
  await load.ended;
  assertDrained(load, options.callers);
  return load;
}

function refusalFields({ reason, code, message, retryAfterMs }: RpcRefusal) {
  return { reason, code, message, retryAfterMs };
}

/** How often each reason was given. */
export function reasonsOf(refused: readonly RefusedDraw[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { reason } of refused) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/**
 * Every caller went on until nothing was left. What they were refused for before can pass: keys at a limit, or a value
 * that could not leave in time any more.
 */
export function assertDrained({ refused }: Load, callers: number): void {
  const { POOL_EMPTY = 0, POOL_EXHAUSTED, STORE_UNAVAILABLE, ...others } = reasonsOf(refused);
  assert.deepEqual([POOL_EMPTY, others], [callers, {}]);
}
