import assert from 'node:assert/strict';
import type { Job } from '../../src/model/job.ts';
import { placesOf } from '../../src/model/place.ts';
import type { Feature } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { listAll } from './listing.ts';

/** A feature with these limits. */
export const feature = (name: string, ...limits: Feature['limits']): Feature => ({ name, limits });

/** Works until no job is left; fails when that takes too many steps. */
export async function finishJobs(store: Store, batch = 1000): Promise<Job[]> {
  const steps: Job[] = [];
  for (let job = await store.runJobStep(batch); job !== null; job = await store.runJobStep(batch)) {
    steps.push(job);
    assert.ok(steps.length < 1000, 'jobs come to an end');
  }
  return steps;
}

/** Every key of `tier` stands where its row, worked out anew, would put it; returns how many there are. */
export async function assertPlaced(store: Store): Promise<number> {
  const tier = (await store.getTier('tier')) ?? assert.fail('the tier is there');
  const keys = await listAll((page) => store.listKeys({ tierId: 'tier' }, page));
  for (const key of keys) {
    const { ready, due } = placesOf(key, tier, store.now());
    assert.deepEqual([key.ready, key.due], [ready, due]);
    assert.equal(key.placed, tier.revision);
  }
  return keys.length;
}
