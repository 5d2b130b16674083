import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import type { Backend } from './load-servers.ts';
import { causesOf, refusedForLimits } from './upstream-checks.ts';
import { openUpstreamPool, type UpstreamPool, type UpstreamScene } from './upstream-pool.ts';

/** A cap on the calls under way, and what is killed under load. */
export interface InFlightRun {
  readonly processes: number;
  readonly settleTimeoutMs: number;
  /** Between the start, each kill and the end. */
  readonly stageMs: number;
  /** Whether a process of the service is killed, besides one of the callers. */
  readonly killsServer: boolean;
  readonly seed: number;
}

const CALLERS = 32;
const KEYS = 6;
const CAP = 3;
const STAGES = 3;
const STARTED_WITHIN_MS = 1000;
const MORE_CALLS = 50;

function sceneOf({ processes, settleTimeoutMs, seed }: InFlightRun): UpstreamScene {
  const own = { limit: 10_000, windowMs: 1000 };
  const key = { own, quota: null, inFlightMax: CAP, banned: null, tellsRetryAfter: false };
  return {
    keys: Array.from({ length: KEYS }, () => key),
    upstream: { quotas: {}, jitterMs: 20, answerMs: [10, 150], errorShare: 0, seed },
    limit: { ...own, guardMs: 500 },
    groups: {},
    policy: { settleTimeoutMs, maxInFlight: CAP },
    processes,
  };
}

/** Waits until so many more calls have been counted, and at least so long. */
async function goOn({ upstream }: UpstreamPool, forMs: number): Promise<void> {
  const countedNow = async (): Promise<number> => (await upstream.report()).calls.length;
  const until = performance.now() + forMs;
  const enough = (await countedNow()) + MORE_CALLS;
  await eventually('calls that go on', () => (performance.now() >= until ? true : null), forMs + 1000);
  await eventually('more calls', async () => ((await countedNow()) >= enough ? true : null), 2 * forMs);
}

/** The upstream never counts more calls under way than the cap, also when a process and callers are killed. */
export async function inFlightUnderLoad(t: TestContext, backend: Backend, run: InFlightRun): Promise<void> {
  const pool = await openUpstreamPool(t, backend, sceneOf(run));
  const forMs = STARTED_WITHIN_MS + STAGES * run.stageMs;
  const endAt = performance.timeOrigin + performance.now() + forMs;
  const [doomed, lasting] = [pool.call(CALLERS, endAt), pool.call(CALLERS, endAt)];
  await goOn(pool, run.stageMs);
  if (run.killsServer) await pool.servers.at(-1)?.kill('SIGKILL');
  await goOn(pool, run.stageMs);
  doomed.kill();
  const killedAt = performance.timeOrigin + performance.now();
  const done = await lasting.ended;
  assert.ok(done !== null);
  const report = await pool.upstream.report();
  const highest = Object.values(report.highestInFlight);
  const later = report.calls.filter(({ at }) => at > killedAt + run.settleTimeoutMs).length;
  t.diagnostic(`seed ${run.seed}: ${report.calls.length} calls, ${later} after the holds of killed callers`);
  t.diagnostic(`refused: ${JSON.stringify({ upstream: causesOf(report.calls), service: done.refused })}`);
  assert.deepEqual(causesOf(refusedForLimits(report)), {});
  assert.deepEqual(highest, Array(KEYS).fill(CAP));
  assert.ok(later > 0, 'what killed callers held did not come back');
}
