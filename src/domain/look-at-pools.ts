import { queueName, type Tier } from '../model/tier.ts';
import type { ListedAlert, Store } from '../store/port.ts';
import { poolFinding } from './alert-findings.ts';
import type { Directory } from './directory.ts';
import type { AlertRecord } from './raise-alert.ts';

export interface PoolLookParts {
  readonly store: Pick<Store, 'availability' | 'listAlerts'>;
  readonly directory: Pick<Directory, 'allTiers'>;
  readonly record: AlertRecord;
}

/** Looks in a row at which a pool must not be low until its alert is over: one that comes and goes is told once. */
const CALM_LOOKS = 3;
const OPEN_MAX = 1000;

interface WatchedPool {
  readonly tier: Tier;
  readonly feature: Tier['features'][number];
  readonly below: number;
}

function watchedPools(tiers: readonly Tier[]): ReadonlyMap<string, WatchedPool> {
  const pools = new Map<string, WatchedPool>();
  for (const tier of tiers) {
    const below = tier.policy.alertBelow;
    if (below === null) continue;
    for (const feature of tier.features)
      pools.set(queueName(tier.id, feature.name), { tier, feature, below });
  }
  return pools;
}

/** Looks at the pools of tiers that want an alert, and raises and ends it. */
export function createPoolLook({ store, directory, record }: PoolLookParts): () => Promise<void> {
  const calm = new Map<string, number>();

  async function look(name: string, pool: WatchedPool, alert: ListedAlert | undefined): Promise<void> {
    const { tier, feature, below } = pool;
    const { policy, revision } = tier;
    const queue = {
      tierId: tier.id,
      queue: queueName(tier.id, feature.name),
      limits: feature.limits,
      policy,
      revision,
    };
    const { available } = await store.availability([queue], below);
    if (available < below) {
      calm.delete(name);
      if (alert === undefined) await record.raise(poolFinding(tier.id, feature.name, { available, below }));
      return;
    }
    if (alert === undefined) return;
    const looks = (calm.get(name) ?? 0) + 1;
    calm.set(name, looks);
    if (looks < CALM_LOOKS) return;
    calm.delete(name);
    await record.close(alert);
  }

  return async () => {
    const pools = watchedPools(await directory.allTiers());
    const filter = { state: 'open', kind: 'pool_low' } as const;
    const { items } = await store.listAlerts(filter, { after: null, limit: OPEN_MAX });
    const open = new Map(items.map((alert) => [queueName(alert.tierId, alert.feature) as string, alert]));
    for (const [name, pool] of pools) await look(name, pool, open.get(name));
    // Nobody wants to know any more, or there is no such pool.
    for (const [name, alert] of open) if (!pools.has(name)) await record.close(alert);
  };
}
