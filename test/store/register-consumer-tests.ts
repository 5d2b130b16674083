import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Consumer } from '../../src/model/consumer.ts';
import type { Store } from '../../src/store/port.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addTier, consumerOf, eventOf } from '../support/store-rows.ts';

const missing = { name: 'StoreError', kind: 'not-found' };

async function addConsumer(store: Store, parts: Partial<Consumer> = {}): Promise<Consumer> {
  const consumer = consumerOf(parts);
  await store.createConsumer(consumer, eventOf('CreateConsumer'));
  return consumer;
}

function edit(store: Store, id: string, parts: Partial<Consumer>): Promise<Consumer> {
  return store.editConsumer(id, (row) => ({
    row: { ...row, ...parts, version: row.version + 1 },
    event: eventOf('UpdateConsumer'),
  }));
}

export function registerConsumerTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a consumer`, () => {
    it('is read as it was created, by id and by the hash of its token', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const consumer = await addConsumer(store, {
        name: 'a.b $c ünïcode',
        description: 'what it is for',
        owner: 'team-1',
        environment: 'test',
        scopes: ['admin.read', 'usage.write'],
        allowedIps: ['10.0.0.0/8', '::1'],
        creditsPerMinute: 600,
        creditLimits: [
          { resource: '/chat $', creditsPerMinute: 10 },
          { resource: 'b', creditsPerMinute: 1 },
        ],
        state: 'revoked',
        revocation: { reason: 'found "somewhere"', at: 8e12 },
        previousToken: { hash: '2'.repeat(64), expireAt: 9e12 },
        expireAt: 9e12,
        grantedTierIds: ['tier'],
      });
      assert.deepEqual(await store.getConsumer(consumer.id), consumer);
      assert.deepEqual(await store.findConsumerByTokenHash(consumer.tokenHash), consumer);
      assert.equal(await store.getConsumer('other'), null);
      assert.equal(await store.findConsumerByTokenHash('0'.repeat(64)), null);
    });

    it('is listed in the order of creation by owner, environment and state, in pages', async (t) => {
      const { store } = await useStore(t, makeStore);
      const all: Consumer[] = [];
      for (const parts of [
        { owner: 'x' },
        { owner: 'y', environment: 'test' as const },
        { owner: 'x', state: 'disabled' as const },
        { owner: 'x', environment: 'test' as const, state: 'revoked' as const },
        {},
      ])
        all.push(await addConsumer(store, parts));
      const pick = (...indices: number[]) => indices.map((i) => all[i]?.id);
      for (const limit of [1, 2, 1000]) {
        const list = async (filter: Parameters<Store['listConsumers']>[0]) =>
          (await listAll((page) => store.listConsumers(filter, page), limit)).map(({ id }) => id);
        assert.deepEqual(await list({}), pick(0, 1, 2, 3, 4));
        assert.deepEqual(await list({ owner: 'x' }), pick(0, 2, 3));
        assert.deepEqual(await list({ environment: 'test' }), pick(1, 3));
        assert.deepEqual(await list({ exceptState: 'disabled' }), pick(0, 1, 3, 4));
        assert.deepEqual(await list({ exceptState: 'disabled', state: 'revoked' }), pick(3));
        assert.deepEqual(await list({ exceptState: 'disabled', state: 'disabled' }), []);
        assert.deepEqual(await list({ owner: 'x', environment: 'live', state: 'disabled' }), pick(2));
      }
    });
  });

  registerConsumerEditTests(name, makeStore);
}

function registerConsumerEditTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a consumer`, () => {
    it('is edited as the callback says, and found by its new token only', async (t) => {
      const { store } = await useStore(t, makeStore);
      const consumer = await addConsumer(store);
      const tokenHash = '1'.repeat(64);
      const edited = await edit(store, consumer.id, { tokenHash, state: 'disabled' });
      assert.deepEqual(edited, { ...consumer, tokenHash, state: 'disabled', version: 2 });
      assert.deepEqual(await store.findConsumerByTokenHash(tokenHash), edited);
      assert.equal(await store.findConsumerByTokenHash(consumer.tokenHash), null);
    });

    it('is found by the token before its own until that expires, by the clock of the store', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const consumer = await addConsumer(store);
      const expireAt = store.now() + 400;
      const previousToken = { hash: consumer.tokenHash, expireAt };
      const edited = await edit(store, consumer.id, { tokenHash: '1'.repeat(64), previousToken });
      assert.deepEqual(await store.findConsumerByTokenHash(previousToken.hash), edited);
      assert.deepEqual(await store.findConsumerByTokenHash('1'.repeat(64)), edited);
      await waitUntil(store, expireAt);
      assert.equal(await store.findConsumerByTokenHash(previousToken.hash), null);
      assert.deepEqual(await store.findConsumerByTokenHash('1'.repeat(64)), edited);
      const { previousToken: none } = await edit(store, consumer.id, { previousToken: null });
      assert.equal(none, null);
      assert.equal((await store.getConsumer(consumer.id))?.previousToken, null);
    });

    it('is granted only tiers that are there', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const consumer = await addConsumer(store);
      assert.deepEqual((await edit(store, consumer.id, { grantedTierIds: ['tier'] })).grantedTierIds, [
        'tier',
      ]);
      await assert.rejects(edit(store, consumer.id, { grantedTierIds: ['tier', 'other'] }), missing);
      assert.deepEqual((await store.getConsumer(consumer.id))?.grantedTierIds, ['tier']);
    });

    it('that is not there can be neither edited nor deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      await assert.rejects(edit(store, consumerOf().id, {}), missing);
      await assert.rejects(
        store.deleteConsumer(consumerOf().id, () => eventOf('DeleteConsumer')),
        missing,
      );
    });

    it('that is deleted is found no more', async (t) => {
      const { store } = await useStore(t, makeStore);
      const consumer = await addConsumer(store);
      await store.deleteConsumer(consumer.id, (row) => eventOf('DeleteConsumer', { resourceId: row.id }));
      assert.equal(await store.getConsumer(consumer.id), null);
      assert.equal(await store.findConsumerByTokenHash(consumer.tokenHash), null);
    });

    it('remembers when it was last used: later moments only, and no edit is needed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const [one, two] = [await addConsumer(store), await addConsumer(store)];
      const changes: unknown[] = [];
      store.onChange((change) => changes.push(change));
      await store.touchConsumers(
        new Map([
          [one.id, 500],
          [two.id, 700],
          [consumerOf().id, 900],
        ]),
      );
      await store.touchConsumers(
        new Map([
          [one.id, 800],
          [two.id, 600],
        ]),
      );
      assert.deepEqual(await store.getConsumer(one.id), { ...one, lastUsedAt: 800 });
      assert.deepEqual(await store.getConsumer(two.id), { ...two, lastUsedAt: 700 });
      assert.deepEqual(changes, []);
    });
  });
}
