import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { durationFromMs } from '../../src/client/exports.ts';
import { addConsumer, type LoadLimit, limitOf } from './load-pool.ts';
import { type Backend, type KeypoolProcess, useServers } from './load-servers.ts';
import { type Upstream, useUpstream } from './upstream.ts';
import { type CallerProcess, startCallers } from './upstream-load.ts';
import type { UpstreamKey, UpstreamPlan } from './upstream-plan.ts';

/** What the upstream does, and what Keypool was told of it. */
export interface UpstreamScene {
  /** Its keys in their order; the values are made for the test. */
  readonly keys: readonly Omit<UpstreamKey, 'value'>[];
  readonly upstream: Omit<UpstreamPlan, 'keys'>;
  /** As configured, for every key. */
  readonly limit: LoadLimit;
  /** As configured, for quota groups of the names that the upstream's quotas have. */
  readonly groups: Readonly<Record<string, LoadLimit>>;
  /** What of the tier's policy is not as usual, in plain numbers. */
  readonly policy: {
    readonly trialAfterMs?: number;
    readonly settleTimeoutMs?: number;
    readonly maxInFlight?: number;
  };
  readonly processes: number;
}

/** A key as both sides know it. */
export interface PooledKey extends UpstreamKey {
  readonly id: string;
}

export interface UpstreamPool {
  readonly upstream: Upstream;
  readonly keys: readonly PooledKey[];
  readonly servers: readonly KeypoolProcess[];
  readonly admin: KeypoolProcess['admin'];
  /** Starts callers in a process of their own; `endAt` in ms since 1970. */
  readonly call: (callers: number, endAt: number) => CallerProcess;
}

const TIER = 'upstream';

async function addPool(admin: KeypoolProcess['admin'], scene: UpstreamScene, keys: readonly UpstreamKey[]) {
  for (const [id, limit] of Object.entries(scene.groups))
    await admin.createQuotaGroup({ quotaGroup: { id, limits: [limitOf(limit)] } });
  const { trialAfterMs, settleTimeoutMs, maxInFlight } = scene.policy;
  await admin.createTier({
    tier: {
      id: TIER,
      features: [{ name: TIER, limits: [limitOf(scene.limit)] }],
      ...(trialAfterMs === undefined ? {} : { trialAfter: durationFromMs(trialAfterMs) }),
      ...(settleTimeoutMs === undefined ? {} : { settleTimeout: durationFromMs(settleTimeoutMs) }),
      ...(maxInFlight === undefined ? {} : { maxInFlight }),
    },
  });
  const created = await admin.batchCreateKeys({
    keys: keys.map(({ value, quota }) => ({ tierId: TIER, value, quotaGroupId: quota ?? '' })),
  });
  return keys.map((key, i) => ({ ...key, id: created.keys[i]?.id ?? '' }));
}

/** Starts the upstream and the service's processes, and tells the service of the upstream's keys; all go with the test. */
export async function openUpstreamPool(
  t: TestContext,
  backend: Backend,
  scene: UpstreamScene,
): Promise<UpstreamPool> {
  const known = scene.keys.map((key) => ({ ...key, value: `upstream-${randomBytes(12).toString('hex')}` }));
  const { start } = useServers(t, backend);
  const first = await start();
  const others = await Promise.all(Array.from({ length: scene.processes - 1 }, () => start()));
  const servers = [first, ...others];
  const upstream = await useUpstream(t, { ...scene.upstream, keys: known });
  const keys = await addPool(first.admin, scene, known);
  const { token } = await addConsumer(first.admin, [TIER]);
  const urls = servers.map(({ url }) => url);
  const call = (callers: number, endAt: number): CallerProcess =>
    startCallers(t, { callers, urls, useUrl: upstream.useUrl, token, feature: TIER, endAt });
  return { upstream, keys, servers, admin: first.admin, call };
}
