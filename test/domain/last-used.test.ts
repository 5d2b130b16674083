import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLastUsed } from '../../src/domain/last-used.ts';
import { StoreError } from '../../src/store/errors.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';
import { useStore } from '../support/store-harness.ts';
import { consumerOf, eventOf } from '../support/store-rows.ts';

describe('the notes of last use', () => {
  it('keep the latest moment of each consumer', async (t) => {
    const { store } = await useStore(t, sqliteHarness);
    const [a, b] = [consumerOf(), consumerOf()];
    for (const consumer of [a, b]) await store.createConsumer(consumer, eventOf('CreateConsumer'));
    const lastUsed = createLastUsed(store);
    lastUsed.note(a.id, 5);
    lastUsed.note(b.id, 1);
    lastUsed.note(a.id, 3);
    lastUsed.note(b.id, 2);
    await lastUsed.flush();
    assert.equal((await store.getConsumer(a.id))?.lastUsedAt, 5);
    assert.equal((await store.getConsumer(b.id))?.lastUsedAt, 2);
  });

  it('are kept for the next time when the store does not take them', async (t) => {
    const { store, open } = await useStore(t, sqliteHarness);
    const consumer = consumerOf();
    await store.createConsumer(consumer, eventOf('CreateConsumer'));
    let current = store;
    const lastUsed = createLastUsed({ touchConsumers: (usedAt) => current.touchConsumers(usedAt) });
    lastUsed.note(consumer.id, 5);
    await store.close();
    await assert.rejects(lastUsed.flush(), StoreError);
    current = await open();
    await lastUsed.flush();
    assert.equal((await current.getConsumer(consumer.id))?.lastUsedAt, 5);
  });
});
