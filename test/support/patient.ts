import type { FailureRule } from '../../src/model/failure-policy.ts';

export type Rule = Omit<FailureRule, 'outcome'>;

interface Drawn {
  readonly feature: string;
  readonly at: number;
}

/** A key whose draws and outcomes are noted by hand, one after another, with what follows from them. */
export interface Patient {
  /** Null where it may not be drawn. */
  readonly draw: (feature: string, now: number) => Drawn | null;
  /** Under which id the draw is reported. */
  readonly name: (drawn: Drawn, id: string) => void;
  readonly report: (id: string, isFailure: boolean, retryAfterMs: number | null, now: number) => void;
  readonly isQuarantined: () => boolean;
  readonly streak: () => number;
}

/** `settleMs`: so long a draw on trial may wait for its report. */
export function createPatient(rule: Rule, trialAfterMs: number | null, settleMs: number): Patient {
  const named = new Map<string, Drawn>();
  const restsUntil: Record<string, number> = { a: 0, b: 0 };
  /** When it was last put to rest or quarantined; draws up to then are of that incident. */
  let incidentAt = -1;
  let streak = 0;
  let quarantined = false;
  let nextTrial: number | null = null;
  let trial: { drawn: Drawn; until: number } | null = null;
  let failedTrials = 0;

  const planTrial = (from: number, notBefore: number): void => {
    nextTrial = trialAfterMs === null ? null : Math.max(notBefore, from + trialAfterMs * 2 ** failedTrials);
  };
  const noticeLateTrial = (now: number): void => {
    if (trial === null || now < trial.until) return;
    failedTrials += 1;
    planTrial(trial.until, 0);
    trial = null;
  };
  const rest = (feature: string, until: number, now: number): boolean => {
    const features = { none: [], feature: [feature], key: ['a', 'b'] }[rule.cooldown];
    const longer = features.filter((one) => until > now && until > (restsUntil[one] ?? 0));
    for (const one of longer) restsUntil[one] = until;
    return longer.length > 0;
  };
  const end = (retryAfterMs: number | null, now: number): number =>
    now +
    (retryAfterMs ?? Math.min(rule.maxCooldownMs, rule.minCooldownMs * 2 ** (streak - rule.cooldownAfter)));
  const reportTrial = (isFailure: boolean, retryAfterMs: number | null, now: number): void => {
    trial = null;
    quarantined = isFailure;
    if (!isFailure) {
      streak = 0;
      incidentAt = now - 1;
      nextTrial = null;
      return;
    }
    streak += 1;
    failedTrials += 1;
    incidentAt = now;
    planTrial(now, now + (retryAfterMs ?? 0));
  };
  const reportOld = (feature: string, retryAfterMs: number | null, now: number): void => {
    if (retryAfterMs === null || streak + 1 < rule.cooldownAfter) return;
    if (!quarantined) rest(feature, now + retryAfterMs, now);
    else if (nextTrial !== null) nextTrial = Math.max(nextTrial, now + retryAfterMs);
  };
  const reportFailure = (feature: string, retryAfterMs: number | null, now: number): void => {
    streak += 1;
    if (!quarantined && rule.quarantineAfter !== null && streak >= rule.quarantineAfter) {
      quarantined = true;
      incidentAt = now;
      failedTrials = 0;
      Object.assign(restsUntil, { a: 0, b: 0 });
      planTrial(now, now + (retryAfterMs ?? 0));
      return;
    }
    if (!quarantined && streak >= rule.cooldownAfter && rest(feature, end(retryAfterMs, now), now))
      incidentAt = now;
  };

  return {
    draw: (feature, now) => {
      noticeLateTrial(now);
      if (quarantined) {
        if (trial !== null || nextTrial === null || now < nextTrial) return null;
        const drawn = { feature, at: now };
        trial = { drawn, until: now + settleMs };
        return drawn;
      }
      return now < (restsUntil[feature] ?? 0) ? null : { feature, at: now };
    },
    name: (drawn, id) => named.set(id, drawn),
    report: (id, isFailure, retryAfterMs, now) => {
      noticeLateTrial(now);
      const drawn = named.get(id);
      if (drawn === undefined) return;
      if (trial !== null && trial.drawn === drawn) return reportTrial(isFailure, retryAfterMs, now);
      const isOld = drawn.at <= incidentAt;
      if (!isFailure) {
        if (!isOld) streak = 0;
        return;
      }
      if (isOld) reportOld(drawn.feature, retryAfterMs, now);
      else reportFailure(drawn.feature, retryAfterMs, now);
    },
    isQuarantined: () => quarantined,
    streak: () => streak,
  };
}
