import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { getStatus } from '../../src/domain/get-status.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import { newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

describe('the status', () => {
  it('tells how the process, its store and the pool are', async (t) => {
    const { context, root, clock } = await openDomain(t);
    await createTier(
      context,
      root,
      newTier({ id: 'a', features: ['x', 'y'].map((name) => ({ name, limits: [] })) }),
    );
    await createTier(context, root, newTier({ id: 'b', features: [{ name: 'x', limits: [] }] }));
    for (const tierId of ['a', 'b']) await createKey(context, root, { tierId, key: newKey() });
    await createKey(context, root, { tierId: 'b', key: newKey({ state: 'disabled' }) });
    clock.advance(5000);
    const status = await getStatus(context, root);
    assert.equal(status.version, '0.0.0-test');
    assert.equal(status.uptimeMs, 5000);
    assert.deepEqual([status.store.kind, status.store.reachable], ['sqlite', true]);
    assert.deepEqual(status.encryption, { keyId: context.sealer.keyId, retiredKeyIds: [] });
    assert.deepEqual(status.pool, { tiers: 2, keys: 3, consumers: 0, capped: false });
    assert.deepEqual(
      status.features.map(({ feature, available, total }) => [feature, available, total]),
      [
        ['x', 2, 3],
        ['y', 1, 1],
      ],
    );
    assert.equal(status.featuresCapped, false);
  });

  it('shows the job that an edit of a tier left', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier());
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    const features = [{ name: 'search', limits: [] }];
    const updated = await updateTier(context, root, { id: 'basic', etag: null, changes: { features } });
    const { jobs } = await getStatus(context, root);
    assert.deepEqual(
      jobs.map(({ tierId, revision, state, done, total }) => [tierId, revision, state, done, total]),
      [['basic', updated.revision, 'running', 0, 1]],
    );
  });

  it('is refused as unavailable when the store is away', async (t) => {
    const { context, root } = await openDomain(t);
    await context.store.close();
    const error = await refused(getStatus(context, root), 'STORE_UNAVAILABLE');
    assert.ok((error.retryAfterMs ?? 0) > 0);
  });
});
