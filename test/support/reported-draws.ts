import type { KeyState } from '../../src/model/key.ts';
import type { ReportedDraw, StoredReport } from '../../src/model/outcome-report.ts';
import { type TakeRequest, type TakeResult, takeFromKey } from '../../src/model/take.ts';
import { PLAIN_POLICY, type TierPolicy } from '../../src/model/tier-policy.ts';

/** A policy that is plain but for these parts. */
export function policyOf(parts: Partial<TierPolicy>): TierPolicy {
  return { ...PLAIN_POLICY, ...parts };
}

/** The draws that a take granted, as their audit rows tell of them. */
export function drawsOf(request: TakeRequest, { took }: Pick<TakeResult, 'took'>): ReportedDraw[] {
  const { take, queue, feature, units } = request;
  return Array.from({ length: took.granted / units }, (_, i) => ({
    drawId: `${take}.${i * units}`,
    take,
    serial: i * units,
    at: took.at,
    keyId: 'key',
    tierId: queue.split('|')[0] ?? '',
    feature,
    units,
    consumerId: '',
  }));
}

/** A report of a draw, of an `ok` one unless `parts` says otherwise; without jitter. */
export function reportOf(draw: ReportedDraw, at: number, parts: Partial<StoredReport> = {}): StoredReport {
  return {
    drawId: draw.drawId,
    outcome: 'ok',
    retryAfterMs: null,
    statusCode: null,
    units: null,
    message: null,
    jitter: 0,
    at,
    ...parts,
  };
}

/** One take, and its draws. */
export function drawFrom(
  state: KeyState,
  request: TakeRequest,
  now: number,
): TakeResult & { readonly draws: readonly ReportedDraw[] } {
  const result = takeFromKey(state, request, now);
  return { ...result, draws: drawsOf(request, result) };
}
