import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Backend } from './load-servers.ts';
import type { UpstreamUse } from './upstream-callers.ts';
import { causesOf, refusedForLimits, shareUsed, steadyShare } from './upstream-checks.ts';
import type { UpstreamReport } from './upstream-plan.ts';
import { openUpstreamPool, type PooledKey, type UpstreamPool, type UpstreamScene } from './upstream-pool.ts';

/** How long, against which windows, and what must come of it. */
export interface ExactRun {
  readonly processes: number;
  readonly windowMs: number;
  /** Longer than `jitterMs` and half of itself, so that it covers the way to the upstream too. */
  readonly guardMs: number;
  readonly jitterMs: number;
  /** How many windows long calls are made. */
  readonly windows: number;
  /** Of the upstream's true capacity, the part that is used at least. */
  readonly shareMin: number;
  readonly banned: NonNullable<PooledKey['banned']>;
  readonly trialAfterMs: number;
  readonly seed: number;
}

const CALLERS = 64;
const LIMIT = 30;
const QUOTA_LIMIT = 70;
const [ALONE, SHARING] = [16, 4];
const STARTED_WITHIN_MS = 1000;
/** What the store's clock and the processes' may differ by, on one machine. */
const CLOCKS_MS = 25;

function sceneOf({
  processes,
  windowMs,
  guardMs,
  jitterMs,
  banned,
  trialAfterMs,
  seed,
}: ExactRun): UpstreamScene {
  const own = { limit: LIMIT, windowMs };
  const plain = { own, quota: null, inFlightMax: null, banned: null, tellsRetryAfter: true };
  const quota = { limit: QUOTA_LIMIT, windowMs };
  return {
    keys: [
      ...Array.from({ length: ALONE }, () => plain),
      ...Array.from({ length: SHARING }, () => ({ ...plain, quota: 'account' })),
      { ...plain, banned },
    ],
    upstream: { quotas: { account: quota }, jitterMs, answerMs: [20, 200], errorShare: 0.002, seed },
    limit: { ...own, guardMs },
    groups: { account: { ...quota, guardMs } },
    policy: { trialAfterMs },
    processes,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/**
 * A key that its upstream refuses is quarantined by the first report that says so: no draw of it after that before its
 * trial, and until the upstream takes it back one draw for each trial.
 */
async function assertTried(
  { admin }: UpstreamPool,
  key: PooledKey,
  run: ExactRun,
  seen: { readonly report: UpstreamReport; readonly uses: readonly UpstreamUse[] },
): Promise<void> {
  const ofKey = seen.report.calls.filter(({ value }) => value === key.value);
  const bannedAt =
    ofKey.find(({ refused }) => refused === 'banned')?.at ?? assert.fail('it was never banned');
  const told = seen.uses.filter(({ keyId, status }) => keyId === key.id && status === 401);
  const knownAt = Math.min(...told.map(({ reportedAt }) => reportedAt ?? Infinity)) + CLOCKS_MS;
  const endedAt = (seen.report.calls[0]?.at ?? 0) + run.banned.untilMs;
  const { usageEvents } = await admin.listUsageEvents({ keyId: key.id, pageSize: 1000 });
  const draws = usageEvents.map(({ time }) => Number(time?.seconds ?? 0n) * 1000 + (time?.nanos ?? 0) / 1e6);
  const trials = draws.filter((at) => at > knownAt && at < endedAt).sort((a, b) => a - b);
  assert.ok(trials.length > 0, 'it was not tried while it was banned');
  let notBefore = bannedAt + run.trialAfterMs - CLOCKS_MS;
  for (const at of trials) {
    assert.ok(at >= notBefore, `a banned key was drawn ${notBefore - at} ms before its trial`);
    notBefore = at + run.trialAfterMs;
  }
  assert.ok(
    ofKey.some(({ at, refused }) => at >= endedAt && refused === null),
    'it did not come back',
  );
}

/**
 * Many callers, more than the upstream can serve, and several processes: the upstream refuses nothing for a limit of its
 * own, its capacity is used, and a key that it bans is left alone.
 */
export async function exactUnderLoad(t: TestContext, backend: Backend, run: ExactRun): Promise<void> {
  const scene = sceneOf(run);
  const pool = await openUpstreamPool(t, backend, scene);
  const forMs = run.windows * run.windowMs;
  const endAt = performance.timeOrigin + performance.now() + STARTED_WITHIN_MS + forMs;
  const done = await pool.call(CALLERS, endAt).ended;
  assert.ok(done !== null);
  const report = await pool.upstream.report();
  const fromAt = report.calls[0]?.at ?? assert.fail('nothing was called');
  const share = shareUsed(pool, scene.upstream.quotas, report, { fromAt, forMs });
  const steady = steadyShare(pool, scene.upstream.quotas, report);
  const price = run.guardMs / (run.windowMs + run.guardMs);
  const used = `${percent(share)} of the capacity was used, in the long run ${percent(steady)}`;
  t.diagnostic(`seed ${run.seed}: ${report.calls.length} calls; ${used}`);
  t.diagnostic(`the guard of ${run.guardMs} ms costs ${percent(price)}`);
  t.diagnostic(`refused: ${JSON.stringify({ upstream: causesOf(report.calls), service: done.refused })}`);
  assert.deepEqual(causesOf(refusedForLimits(report)), {});
  const banned = pool.keys.find((key) => key.banned !== null) ?? assert.fail('no key is banned');
  await assertTried(pool, banned, run, { report, uses: done.uses });
  assert.ok(share >= run.shareMin, `only ${used}`);
}
