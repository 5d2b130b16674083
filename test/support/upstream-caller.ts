import { setTimeout as delay } from 'node:timers/promises';
import { durationFromMs, KeyPoolService, Outcome } from '../../src/client/exports.ts';
import { type HttpAnswer, openConnection } from './load-connection.ts';
import { callRpc } from './load-rpc.ts';
import type { UpstreamCallers, UpstreamUse } from './upstream-callers.ts';

const MAX_WAIT_MS = 30_000;
const RETRY_MS = 50;
const REPORT_TRIES_MAX = 40;
/** What is left of the time is too short to wait for a key. */
const LAST_MS = 20;

const OUTCOMES: Readonly<Record<number, Outcome>> = {
  200: Outcome.OK,
  401: Outcome.UNAUTHORIZED,
  429: Outcome.RATE_LIMITED,
  503: Outcome.UPSTREAM_ERROR,
};

const epochNow = (): number => performance.timeOrigin + performance.now();

/** What a caller says of an upstream's answer; null when none came. */
function outcomeOf(answer: HttpAnswer | null) {
  if (answer === null) return { outcome: Outcome.TIMEOUT };
  const outcome = OUTCOMES[answer.status] ?? Outcome.UPSTREAM_ERROR;
  const seconds = answer.headers['retry-after'];
  const retryAfter = seconds === undefined ? {} : { retryAfter: durationFromMs(Number(seconds) * 1000) };
  return { outcome, statusCode: answer.status, ...retryAfter };
}

/** One caller with its two connections; `number` says which process it begins with. */
export function openUpstreamCaller(
  plan: UpstreamCallers,
  number: number,
  refusedFor: (reason: string) => void,
) {
  const service = openConnection();
  const upstream = openConnection();
  let turn = number;
  const target = () => ({ url: plan.urls[turn % plan.urls.length] ?? '', token: plan.token });
  /** Goes on with another process, a little later. */
  const moveOn = async (reason: string, ms = RETRY_MS): Promise<void> => {
    refusedFor(reason);
    turn += 1;
    await delay(ms);
  };

  /** A drawn key; `again` when it was refused, `over` when the time is. */
  async function draw() {
    const maxWaitMs = Math.min(MAX_WAIT_MS, Math.floor(plan.endAt - epochNow()) - LAST_MS);
    if (maxWaitMs <= 0) return 'over';
    const wish = { feature: plan.feature, maxWait: durationFromMs(maxWaitMs) };
    const answer = await callRpc(service, target(), KeyPoolService.method.drawKey, wish).catch(() => null);
    if (answer?.ok === true) return answer.message;
    const leftMs = plan.endAt - epochNow();
    await moveOn(answer?.reason ?? 'LOST', Math.max(RETRY_MS, Math.min(answer?.retryAfterMs ?? 0, leftMs)));
    return 'again';
  }

  /** Reports until it stands on record, whichever process takes it; gives the moment of that. */
  async function report(drawId: string, answer: HttpAnswer | null): Promise<number | null> {
    const said = { drawId, ...outcomeOf(answer) };
    for (let tries = 0; tries < REPORT_TRIES_MAX; tries += 1) {
      const told = await callRpc(service, target(), KeyPoolService.method.reportOutcome, said).catch(
        () => null,
      );
      if (told?.ok === true) return epochNow();
      await moveOn(`report ${told?.reason ?? 'LOST'}`);
    }
    return null;
  }

  /** Draws, uses and reports once; `again` or `over` when there was nothing to use. */
  async function useOne(): Promise<UpstreamUse | 'again' | 'over'> {
    const sentAt = epochNow();
    const drawn = await draw();
    if (drawn === 'over' || drawn === 'again') return drawn;
    const { drawId, keyId, value } = drawn;
    const drawnAt = epochNow();
    const bearer = { authorization: `Bearer ${value}` };
    const answer = await upstream.post(plan.useUrl, '', bearer).catch(() => null);
    const reportedAt = await report(drawId, answer);
    return { drawId, keyId, sentAt, drawnAt, status: answer?.status ?? 0, reportedAt };
  }

  const close = (): void => {
    service.close();
    upstream.close();
  };
  return { useOne, close };
}
