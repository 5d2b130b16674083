import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { drawQueues, knownQueues } from '../../src/domain/draw-queues.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import { newConsumer, newTier } from './examples.ts';
import { callOf } from './open-domain.ts';
import { openPool } from './open-pool.ts';

/** Two consumers with the same grants, each as the directory knows it. */
async function openEqual(t: TestContext) {
  const tiers = [newTier({ id: 'one' }), newTier({ id: 'two' })];
  const pool = await openPool(t, { tiers, keys: [] });
  const { context, root, consumer } = pool;
  let { consumer: other } = await createConsumer(context, root, { consumer: newConsumer() });
  for (const { id } of tiers) other = await grantTier(context, root, { consumerId: other.id, tierId: id });
  const [one, two] = [callOf(consumer).identity, callOf(other).identity];
  const ask = (identity = one, tierId: string | null = null) =>
    drawQueues(context, identity, 'scrape', tierId);
  return { ...pool, one, two, ask };
}

describe('the queues of a draw', () => {
  it('are one list for all who may draw from the same', async (t) => {
    const { one, two, ask } = await openEqual(t);
    const queues = await ask(one);
    assert.deepEqual(
      queues.map(({ tierId }) => tierId),
      ['one', 'two'],
    );
    assert.equal(await ask(one), queues);
    assert.equal(await ask(two), queues);
    assert.notEqual(await ask(one, 'two'), queues);
    assert.equal(await ask(one, 'two'), await ask(two, 'two'));
  });

  it('are known without a look-up once they were asked for', async (t) => {
    const { context, root, one, two, ask } = await openEqual(t);
    for (const identity of [one, root.identity]) {
      assert.equal(knownQueues(context, identity, 'scrape', null), undefined);
      assert.equal(await ask(identity), knownQueues(context, identity, 'scrape', null));
      assert.equal(knownQueues(context, identity, 'scrape', 'one'), undefined);
      assert.equal(knownQueues(context, identity, 'search', null), undefined);
    }
    assert.equal(knownQueues(context, two, 'scrape', null), undefined);
  });

  it('are looked up again when one of the tiers has changed, also one that did not offer the feature', async (t) => {
    const { context, root, one, ask } = await openEqual(t);
    const edit = (id: string, features: ReturnType<typeof newTier>['features']) =>
      updateTier(context, root, { id, etag: null, changes: { features } });
    await edit('two', [{ name: 'search', limits: [] }]);
    for (const identity of [one, root.identity]) assert.equal((await ask(identity)).length, 1);
    await edit('two', newTier().features);
    for (const identity of [one, root.identity]) {
      assert.equal(knownQueues(context, identity, 'scrape', null), undefined);
      assert.equal((await ask(identity)).length, 2);
    }
    const before = await ask(one);
    await edit(
      'one',
      newTier().features.map(({ name }) => ({ name, limits: [] })),
    );
    for (const identity of [one, root.identity]) {
      assert.deepEqual((await ask(identity))[0]?.limits, []);
      assert.notEqual((await ask(identity))[0]?.revision, before[0]?.revision);
      assert.equal((await ask(identity))[1]?.revision, before[1]?.revision);
    }
  });
});
