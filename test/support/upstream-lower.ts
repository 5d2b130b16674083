import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Backend } from './load-servers.ts';
import { causesOf, refusedForLimits, shareUsed } from './upstream-checks.ts';
import type { UpstreamCall } from './upstream-plan.ts';
import { openUpstreamPool, type UpstreamScene } from './upstream-pool.ts';

/** An upstream whose limits are lower than those that Keypool was told. */
export interface LowerRun {
  readonly processes: number;
  readonly windowMs: number;
  /** Covers the way to the upstream, so that what is refused is refused for the limits alone. */
  readonly guardMs: number;
  readonly seconds: number;
  /** From when on refusals are rare, and over how long a stretch that is looked at. */
  readonly settledAfterMs: number;
  readonly stretchMs: number;
  readonly seed: number;
}

const CALLERS = 64;
const CONFIGURED = 30;
const TRUE_LIMITS = [10, 12, 15, 20, 25];
const [QUOTA_CONFIGURED, QUOTA_TRUE] = [80, 50];
const [ALONE, SHARING] = [16, 4];
const REFUSED_MAX = 0.01;
/** What of the true capacity must be used all the same, once it is known. */
const SHARE_MIN = 0.6;
const STARTED_WITHIN_MS = 1000;

function sceneOf({ processes, windowMs, guardMs, seed }: LowerRun): UpstreamScene {
  const plain = { inFlightMax: null, banned: null, quota: null } as const;
  const alone = Array.from({ length: ALONE }, (_, i) => ({
    ...plain,
    own: { limit: TRUE_LIMITS[i % TRUE_LIMITS.length] ?? 1, windowMs },
    tellsRetryAfter: i % 2 === 0,
  }));
  const sharing = Array.from({ length: SHARING }, (_, i) => ({
    ...plain,
    own: { limit: CONFIGURED, windowMs },
    quota: 'account',
    tellsRetryAfter: i % 2 === 0,
  }));
  return {
    keys: [...alone, ...sharing],
    upstream: {
      quotas: { account: { limit: QUOTA_TRUE, windowMs } },
      jitterMs: 20,
      answerMs: [20, 200],
      errorShare: 0,
      seed,
    },
    limit: { limit: CONFIGURED, windowMs, guardMs },
    groups: { account: { limit: QUOTA_CONFIGURED, windowMs, guardMs } },
    policy: {},
    processes,
  };
}

/** The part of the calls that was refused, stretch by stretch from a moment on; the last one is as long as the others. */
function refusedShares(calls: readonly UpstreamCall[], fromAt: number, stretchMs: number): readonly number[] {
  const shares: number[] = [];
  const endAt = calls.at(-1)?.at ?? fromAt;
  for (let at = fromAt; at + stretchMs <= endAt; at += stretchMs) {
    const within = calls.filter((call) => call.at >= at && call.at < at + stretchMs);
    shares.push(refusedForLimits({ calls: within }).length / within.length);
  }
  return shares;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Callers report what the upstream refuses, and soon it refuses next to nothing, with `Retry-After` or without. */
export async function lowerUnderLoad(t: TestContext, backend: Backend, run: LowerRun): Promise<void> {
  const scene = sceneOf(run);
  const pool = await openUpstreamPool(t, backend, scene);
  const endAt = performance.timeOrigin + performance.now() + STARTED_WITHIN_MS + run.seconds * 1000;
  const done = await pool.call(CALLERS, endAt).ended;
  assert.ok(done !== null);
  const report = await pool.upstream.report();
  const { calls } = report;
  const fromAt = (calls[0]?.at ?? assert.fail('nothing was called')) + run.settledAfterMs;
  const before = calls.filter(({ at }) => at < fromAt);
  const shares = refusedShares(calls, fromAt, run.stretchMs);
  const forMs = Math.floor(((calls.at(-1)?.at ?? 0) - fromAt) / run.windowMs) * run.windowMs;
  const used = shareUsed(pool, scene.upstream.quotas, report, { fromAt, forMs });
  const { keys } = await pool.admin.listKeys({ pageSize: 1000 });
  const learned = keys.flatMap(({ learnedLimits }) => learnedLimits.map(({ limit }) => limit));
  t.diagnostic(`seed ${run.seed}: ${calls.length} calls, refused ${JSON.stringify(causesOf(calls))}`);
  t.diagnostic(`refused at first: ${percent(refusedForLimits({ calls: before }).length / before.length)}`);
  t.diagnostic(`then: ${shares.map(percent).join(', ')}; used of the true capacity: ${percent(used)}`);
  assert.ok(learned.length > 0 && learned.every((limit) => limit < CONFIGURED), `learned: ${learned}`);
  assert.ok(shares.length > 0, 'the calls ended before anything could be seen');
  for (const share of shares) assert.ok(share < REFUSED_MAX, `${percent(share)} of the calls were refused`);
  assert.ok(used >= SHARE_MIN, `only ${percent(used)} of the true capacity was used`);
}
