import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mustDraw } from '../../../test/support/drawing.ts';
import { sqliteHarness } from '../../../test/support/sqlite-harness.ts';
import { useStore } from '../../../test/support/store-harness.ts';
import { addKeys, addTier, same } from '../../../test/support/store-rows.ts';

const HOUR_MS = 3_600_000;

it('An affinity is forgotten a day after its last draw', async (t) => {
  const { store, waitUntil } = await useStore(t, sqliteHarness);
  const tier = await addTier(store, { a: [] });
  await addKeys(store, 'tier', same(3));
  const affine = async () => (await mustDraw(store, [tier], 'a', { affinity: 'x' })).keyId;
  const after = (hours: number) => waitUntil(store, store.now() + hours * HOUR_MS);
  const first = await affine();
  await after(20);
  assert.equal(await affine(), first);
  await after(20);
  assert.equal(await affine(), first);
  await after(25);
  assert.equal(await store.deleteExpired(0, 10), 1);
  assert.notEqual(await affine(), first);
});
