import type { Job } from '../model/job.ts';
import type { DrawQueue } from '../model/round.ts';
import { queueName, type Tier } from '../model/tier.ts';
import type { Availability, StoreStatus } from '../store/port.ts';
import { type AlertStatus, readAlertStatus } from './alert-status.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { AVAILABILITY_CAP } from './get-availability.ts';
import { stored } from './store-errors.ts';
import { type TierStatuses, type TierStatusQuery, tierStatuses } from './tier-statuses.ts';

export interface FeatureStatus extends Availability {
  readonly feature: string;
}

export interface Status extends TierStatuses {
  readonly version: string;
  /** Since this process began to serve. */
  readonly uptimeMs: number;
  readonly store: StoreStatus;
  /** Ids of the sealing keys; `keyId` null when new values are kept in plain text. */
  readonly encryption: { readonly keyId: string | null; readonly retiredKeyIds: readonly string[] };
  /** Each counted to 100,000. */
  readonly pool: {
    readonly tiers: number;
    readonly keys: number;
    readonly consumers: number;
    readonly capped: boolean;
  };
  /** Over all tiers; the first 1,000 by name. */
  readonly features: readonly FeatureStatus[];
  readonly featuresCapped: boolean;
  /** Newest first. */
  readonly jobs: readonly Job[];
  readonly alerts: AlertStatus;
}

const POOL_CAP = 100_000;
const FEATURES_MAX = 1000;

function queuesByFeature(tiers: readonly Tier[]): ReadonlyMap<string, readonly DrawQueue[]> {
  const queues = new Map<string, DrawQueue[]>();
  for (const tier of tiers) {
    for (const { name, limits } of tier.features) {
      const queue = {
        tierId: tier.id,
        queue: queueName(tier.id, name),
        limits,
        policy: tier.policy,
        revision: tier.revision,
      };
      const known = queues.get(name);
      if (known === undefined) queues.set(name, [queue]);
      else known.push(queue);
    }
  }
  return queues;
}

async function featureStatuses(
  context: Context,
  names: readonly string[],
  queues: ReadonlyMap<string, readonly DrawQueue[]>,
): Promise<readonly FeatureStatus[]> {
  const statuses: FeatureStatus[] = [];
  // One after another: a status must not crowd out the draws.
  for (const feature of names) {
    const availability = await context.store.availability(queues.get(feature) ?? [], AVAILABILITY_CAP);
    statuses.push({ feature, ...availability });
  }
  return statuses;
}

async function readStatus(context: Context, query: TierStatusQuery): Promise<Status> {
  const { store, sealer } = context;
  const [status, sizes, jobs, tiers, alerts] = await Promise.all([
    store.status(),
    store.poolSizes(POOL_CAP),
    store.listJobs(),
    context.directory.allTiers(),
    readAlertStatus(context),
  ]);
  const queues = queuesByFeature(tiers);
  const names = [...queues.keys()].sort();
  return {
    version: context.version,
    uptimeMs: context.clock.monotonicMs() - context.startedAtMonotonicMs,
    store: status,
    encryption: { keyId: sealer.keyId, retiredKeyIds: sealer.retiredKeyIds },
    pool: { ...sizes, capped: Math.max(sizes.tiers, sizes.keys, sizes.consumers) >= POOL_CAP },
    features: await featureStatuses(context, names.slice(0, FEATURES_MAX), queues),
    featuresCapped: names.length > FEATURES_MAX,
    jobs,
    alerts,
    ...(await tierStatuses(context, tiers, query)),
  };
}

/** How this process, its store and the pool are. Errors: ADMIN_REQUIRED, STORE_UNAVAILABLE. */
export async function getStatus(context: Context, call: Call, query: TierStatusQuery = {}): Promise<Status> {
  requireAdmin(call.identity, 'read');
  return stored(readStatus(context, query));
}
