import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { startMaintenance } from '../../src/domain/maintenance.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import { eventually } from '../support/eventually.ts';
import { newConsumer, newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';

const DAY_MS = 86_400_000;
const DRAW = { units: 1, tierId: null, requestId: null };

/** A domain with its maintenance, whose timers go off when the test says so: those of `maxMs` and less. */
async function openMaintained(t: TestContext) {
  const domain = await openDomain(t);
  const timers = new Set<{ readonly ms: number; readonly run: () => void }>();
  const maintenance = startMaintenance(domain.context, {
    retentionMs: 90 * DAY_MS,
    sumsRetentionMs: 400 * DAY_MS,
    after: (ms, run) => {
      const timer = { ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const fire = async (maxMs: number): Promise<void> => {
    for (const timer of [...timers]) {
      if (timer.ms > maxMs) continue;
      timers.delete(timer);
      timer.run();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...domain, maintenance, timers, fire };
}

describe('maintenance', () => {
  it('places keys for a new feature at once after the edit of a tier', async (t) => {
    const { context, root, fire } = await openMaintained(t);
    await createTier(context, root, newTier());
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    const features = [...newTier().features, { name: 'search', limits: [] }];
    await updateTier(context, root, { id: 'basic', etag: null, changes: { features } });
    for (let steps = 0; steps < 3; steps += 1) await fire(0);
    await drawKey(context, root, { ...DRAW, feature: 'search' });
    const [job] = await context.store.listJobs();
    assert.deepEqual([job?.state, job?.done], ['done', 1]);
  });

  it('takes expired keys out of their queues', async (t) => {
    const { context, root, clock, fire } = await openMaintained(t);
    await createTier(context, root, newTier());
    const expireAt = context.store.now() + 1000;
    const { id } = await createKey(context, root, { tierId: 'basic', key: newKey({ expireAt }) });
    clock.advance(1000);
    await fire(2000);
    assert.deepEqual((await context.store.getKey(id))?.ready, {});
  });

  it('deletes usage events when their time is over, and not before', async (t) => {
    const { context, root, clock, fire } = await openMaintained(t);
    await createTier(context, root, newTier());
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    await drawKey(context, root, { ...DRAW, feature: 'scrape' });
    const left = async () =>
      (await context.store.listUsageEvents({}, { after: null, limit: 10 })).items.length;
    clock.advance(90 * DAY_MS);
    await fire(60_000);
    assert.equal(await left(), 1);
    clock.advance(1);
    await fire(60_000);
    assert.equal(await left(), 0);
  });

  it('rotates signing keys, and forgets tokens of other servers whose time is over', async (t) => {
    const { context, clock, fire } = await openMaintained(t);
    await context.jwts.publishedKeys();
    const expireAt = context.store.now() + 1000;
    await context.store.keepToken({ key: 'k', body: '{}', expireAt });
    clock.advance(29 * DAY_MS);
    await fire(60_000);
    const keys = await eventually('the next key is there', async () => {
      const stored = await context.store.listSigningKeys();
      return stored.length > 1 ? stored : null;
    });
    assert.equal(keys[1]?.signFrom, keys[0]?.signUntil);
    assert.equal(await context.store.deleteExpiredTokens(1), 0);
  });

  it('writes when consumers were last used now and then, and once more at its end', async (t) => {
    const { context, root, fire, maintenance, timers } = await openMaintained(t);
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    const lastUsedAt = async () => (await context.store.getConsumer(consumer.id))?.lastUsedAt;
    context.lastUsed.note(consumer.id, 1000);
    await fire(5000);
    assert.equal(await lastUsedAt(), 1000);
    context.lastUsed.note(consumer.id, 2000);
    await maintenance.stop();
    assert.equal(await lastUsedAt(), 2000);
    assert.equal(timers.size, 0);
  });

  it('outlives a store that is away, and says so', async (t) => {
    const { context, fire, maintenance, logged } = await openMaintained(t);
    await context.store.close();
    await fire(60_000);
    assert.ok(logged.includes('a background task failed'));
    await maintenance.stop();
  });
});
