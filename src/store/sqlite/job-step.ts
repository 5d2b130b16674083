import { areOver } from '../../model/gone-meters.ts';
import type { Job } from '../../model/job.ts';
import type { Key } from '../../model/key.ts';
import { withoutLearned } from '../../model/learned-limit.ts';
import { placesOf } from '../../model/place.ts';
import { queueName, type Tier } from '../../model/tier.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import { requireTier } from './tier-store.ts';

/** The key without what it remembers of features that its tier no longer has, once that binds nothing. */
function withoutGoneFeatures(key: Key, tier: Tier, now: number): Key {
  const names = new Set(tier.features.map((feature) => feature.name));
  const keeps = (feature: string): boolean => names.has(feature) || !areOver(key.meters[feature] ?? {}, now);
  const kept = Object.entries(key.meters).filter(([feature]) => keeps(feature));
  const queues = Object.entries(key.lastRank).filter(([queue]) =>
    [...names, ...kept.map(([feature]) => feature)].some((name) => queue === queueName(tier.id, name)),
  );
  const health = withoutLearned(key.health, names);
  return { ...key, health, meters: Object.fromEntries(kept), lastRank: Object.fromEntries(queues) };
}

/** Works on the next batch of the unfinished job whose turn it is; null when there is none. Within a write. */
export function createJobStep(core: Core): (batch: number) => Job | null {
  const { keys, jobs, names } = core;
  const behind = prepare<{ no: number }>(
    core.db,
    'SELECT no FROM keys WHERE tier = ? AND placed < ? ORDER BY placed, no LIMIT ?',
  );
  return (batch) => {
    const job = jobs.nextRunning();
    if (job === null) return null;
    const now = core.now();
    const tier = requireTier(core, job.tierId);
    const rows = behind.all(names.find(job.tierId), job.revision, batch);
    for (const { no } of rows) {
      const stored = keys.readNumber(no);
      if (stored === null) continue;
      const { key } = stored;
      // From here on the row refuses takes that know only the older features.
      const revision = Math.max(key.revision, tier.revision);
      const current = { ...withoutGoneFeatures(key, tier, now), revision, placed: tier.revision };
      keys.update(stored, { ...current, ...placesOf(current, tier, now) });
    }
    const done = job.done + rows.length;
    const state = rows.length < batch ? 'done' : 'running';
    const next: Job = { ...job, done, total: Math.max(job.total, done), state, updatedAt: now };
    jobs.update(next);
    return next;
  };
}
