import assert from 'node:assert/strict';
import { it } from 'node:test';
import { collectionsOf } from '../../src/store/mongodb/collections.ts';
import { mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

it('On MongoDB an affinity lives for a day after its last draw', async (t) => {
  const { store, db } = await useStoreAndDatabase(t);
  const { affinities } = collectionsOf(db);
  const tier = await addTier(store, { a: [] });
  await addKeys(store, 'tier', same(3));
  const affine = async () => (await mustDraw(store, [tier], 'a', { affinity: 'x' })).keyId;
  const endIn = (ms: number) =>
    affinities.updateOne({ _id: 'x' }, { $set: { expireAt: new Date(store.now() + ms) } });
  const first = await affine();
  await endIn(10 * HOUR_MS);
  assert.equal(await affine(), first);
  await eventually('the affinity is prolonged', async () => {
    const row = await affinities.findOne({ _id: 'x' });
    return (row?.expireAt.getTime() ?? 0) > store.now() + 23 * HOUR_MS ? true : null;
  });
  // The database deletes what is over only now and then.
  await endIn(-1000);
  assert.notEqual(await affine(), first);
  const indexes = await affinities.indexes();
  assert.ok(indexes.some(({ key, expireAfterSeconds }) => 'expireAt' in key && expireAfterSeconds === 0));
});
