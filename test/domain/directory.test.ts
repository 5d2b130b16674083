import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { deleteTier } from '../../src/domain/delete-tier.ts';
import { createDirectory } from '../../src/domain/directory.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import type { Change } from '../../src/store/port.ts';
import { tierOf } from '../support/key-state.ts';
import { eventOf } from '../support/store-rows.ts';
import { newConsumer, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { contextOver, openPool, unheard } from './open-pool.ts';

const SEARCH = { features: [{ name: 'search', limits: [] }] };

/** A tier and a consumer that was granted it, both looked up once. */
async function openKnown(t: TestContext) {
  const pool = await openPool(t, { keys: [] });
  const { context, root, consumer } = pool;
  const { id, tokenHash } = consumer;
  const ask = async (directory = context.directory) => ({
    consumer: await directory.consumerByTokenHash(tokenHash),
    tier: await directory.tier('basic'),
    tiers: await directory.allTiers(),
  });
  await ask();
  return {
    ...pool,
    ask,
    rename: () => updateConsumer(context, root, { id, etag: null, changes: { name: 'renamed' } }),
    editTier: () => updateTier(context, root, { id: 'basic', etag: null, changes: SEARCH }),
  };
}

describe('the directory', () => {
  it('sees edits of a consumer and of its grants at once', async (t) => {
    const { context, root, consumer, ask } = await openKnown(t);
    const { id } = consumer;
    await updateConsumer(context, root, { id, etag: null, changes: { state: 'disabled' } });
    assert.equal((await ask()).consumer?.state, 'disabled');
    await revokeGrant(context, root, { consumerId: id, tierId: 'basic' });
    assert.deepEqual((await ask()).consumer?.grantedTierIds, []);
    await grantTier(context, root, { consumerId: id, tierId: 'basic' });
    assert.deepEqual((await ask()).consumer?.grantedTierIds, ['basic']);
    await deleteConsumer(context, root, { id, etag: null });
    assert.equal((await ask()).consumer, null);
  });

  it('sees the edit of a tier at once, and its end with the grants that go with it', async (t) => {
    const { context, root, ask, editTier } = await openKnown(t);
    const edited = await editTier();
    assert.deepEqual([(await ask()).tier, (await ask()).tiers], [edited, [edited]]);
    await deleteTier(context, root, { id: 'basic', etag: null });
    const { tier, tiers, consumer } = await ask();
    assert.deepEqual([tier, tiers, consumer?.grantedTierIds], [null, [], []]);
  });

  it('sees at once what was looked for before it was there', async (t) => {
    const { context, root } = await openDomain(t);
    assert.equal(await context.directory.tier('basic'), null);
    assert.deepEqual(await context.directory.allTiers(), []);
    const tier = await createTier(context, root, newTier());
    assert.deepEqual(await context.directory.tier('basic'), tier);
    assert.deepEqual(await context.directory.allTiers(), [tier]);
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    assert.deepEqual(await context.directory.consumerByTokenHash(consumer.tokenHash), consumer);
  });

  it('sees what it was not told of 0.9 s after it looked, and not before', async (t) => {
    const { context, clock, ask, rename, editTier } = await openKnown(t);
    const { directory } = unheard(t, context);
    const before = await ask(directory);
    const [consumer, tier] = [await rename(), await editTier()];
    clock.advance(899);
    assert.deepEqual(await ask(directory), before);
    clock.advance(1);
    assert.deepEqual(await ask(directory), { consumer, tier, tiers: [tier] });
  });

  it('reads nothing again of what it would be told of', async (t) => {
    const { context, clock, ask } = await openKnown(t);
    const reads = { consumer: 0, tier: 0, tiers: 0 };
    const { store } = context;
    const { directory } = contextOver(t, context, {
      findConsumerByTokenHash: (hash) => {
        reads.consumer += 1;
        return store.findConsumerByTokenHash(hash);
      },
      getTier: (id) => {
        reads.tier += 1;
        return store.getTier(id);
      },
      listTiers: (page) => {
        reads.tiers += 1;
        return store.listTiers(page);
      },
    });
    const first = await ask(directory);
    clock.advance(59_999);
    assert.deepEqual(await ask(directory), first);
    assert.deepEqual(reads, { consumer: 1, tier: 1, tiers: 1 });
  });

  it('forgets those consumers alone that change, however many they are', async (t) => {
    const { context, root, consumer, ask } = await openKnown(t);
    const { directory, store } = context;
    await ask();
    const others = await Promise.all(
      Array.from({ length: 200 }, () => createConsumer(context, root, { consumer: newConsumer() })),
    );
    for (const { consumer: other } of others) await directory.consumerByTokenHash(other.tokenHash);
    const known = directory.known.consumerByTokenHash;
    for (const { consumer: other } of others.slice(1))
      await store.deleteConsumer(other.id, () => eventOf('DeleteConsumer'));
    assert.equal(known(consumer.tokenHash)?.id, consumer.id);
    assert.equal(known(others[0]?.consumer.tokenHash ?? '')?.id, others[0]?.consumer.id);
    for (const { consumer: other } of others.slice(1)) assert.equal(known(other.tokenHash), undefined);
  });

  it('sees at once a consumer whose token nobody had', async (t) => {
    const { context, consumer } = await openKnown(t);
    const { directory, store } = context;
    const tokenHash = 'f'.repeat(64);
    assert.equal(await directory.consumerByTokenHash(tokenHash), null);
    assert.equal(directory.known.consumerByTokenHash(tokenHash), null);
    await store.editConsumer(consumer.id, (row) => ({
      row: { ...row, tokenHash, version: row.version + 1 },
      event: eventOf('RegenerateToken'),
    }));
    assert.equal((await directory.consumerByTokenHash(tokenHash))?.id, consumer.id);
    assert.equal(await directory.consumerByTokenHash(consumer.tokenHash), null);
  });

  it('forgets a tier that it is told to forget, in the list of all too', async (t) => {
    const { context, ask, editTier } = await openKnown(t);
    const { directory } = unheard(t, context);
    await ask(directory);
    const tier = await editTier();
    directory.forgetTier('another');
    assert.notDeepEqual((await ask(directory)).tier, tier);
    directory.forgetTier('basic');
    const { tier: now, tiers } = await ask(directory);
    assert.deepEqual([now, tiers], [tier, [tier]]);
  });

  it('forgets everything when the store cannot tell what changed', async (t) => {
    const { context, ask, rename, editTier } = await openKnown(t);
    const listeners: ((change: Change) => void)[] = [];
    const { directory } = contextOver(t, context, {
      onChange: (listener) => {
        listeners.push(listener);
        return () => {};
      },
    });
    await ask(directory);
    const [consumer, tier] = [await rename(), await editTier()];
    for (const tell of listeners) tell({ kind: 'all' });
    assert.deepEqual(await ask(directory), { consumer, tier, tiers: [tier] });
  });

  it('does not keep what it was reading while it changed', async (t) => {
    const { context, consumer, rename } = await openKnown(t);
    const { store } = context;
    const read = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { directory } = contextOver(t, context, {
      findConsumerByTokenHash: async (hash) => {
        const found = await store.findConsumerByTokenHash(hash);
        read.resolve();
        await goOn.promise;
        return found;
      },
    });
    const asked = directory.consumerByTokenHash(consumer.tokenHash);
    await read.promise;
    const renamed = await rename();
    goOn.resolve();
    await asked;
    assert.deepEqual(await directory.consumerByTokenHash(consumer.tokenHash), renamed);
  });

  it('lists every tier, ordered by id', async (t) => {
    const { context } = await openDomain(t);
    const ids = Array.from({ length: 1001 }, (_, i) => `tier-${String(i).padStart(4, '0')}`);
    for (const id of ids) await context.store.createTier(tierOf({}, id), eventOf('CreateTier'));
    assert.deepEqual(
      (await context.directory.allTiers()).map(({ id }) => id),
      ids,
    );
  });

  it('hears of no change once it is closed', async (t) => {
    const { context, clock, ask, rename } = await openKnown(t);
    const directory = createDirectory(context.store, clock);
    const { consumer } = await ask(directory);
    directory.close();
    await rename();
    assert.deepEqual((await ask(directory)).consumer, consumer);
  });
});

describe('the tiers whose keys a job is placing', () => {
  it('are known from the edit on, and until a second after the end of the job', async (t) => {
    const pool = await openPool(t);
    const { context, root, clock } = pool;
    const { directory, store } = context;
    assert.deepEqual(await directory.beingPlaced(), new Set());
    await updateTier(context, root, { id: 'basic', etag: null, changes: SEARCH });
    await directory.tier('basic');
    assert.deepEqual(await directory.beingPlaced(), new Set(['basic']));
    while ((await store.runJobStep(10)) !== null);
    clock.advance(999);
    assert.deepEqual(await directory.beingPlaced(), new Set(['basic']));
    clock.advance(900);
    assert.deepEqual(await directory.beingPlaced(), new Set());
  });

  it('are looked up after the tier, also where nobody tells of the edit', async (t) => {
    const { context, root, clock } = await openPool(t);
    const { directory } = unheard(t, context);
    await directory.tier('basic');
    clock.advance(800);
    assert.deepEqual(await directory.beingPlaced(), new Set());
    const edited = await updateTier(context, root, { id: 'basic', etag: null, changes: SEARCH });
    clock.advance(100);
    assert.deepEqual(await directory.tier('basic'), edited);
    assert.deepEqual(await directory.beingPlaced(), new Set(['basic']));
  });
});
