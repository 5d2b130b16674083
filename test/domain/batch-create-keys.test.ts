import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { batchCreateKeys } from '../../src/domain/batch-create-keys.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import type { NewKey } from '../../src/domain/key-fields.ts';
import { listKeys } from '../../src/domain/list-keys.ts';
import { newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

async function openTier(t: TestContext) {
  const domain = await openDomain(t);
  await createTier(domain.context, domain.root, newTier());
  return domain;
}

describe('a batch of keys', () => {
  it('is created whole, in its order', async (t) => {
    const { context, root } = await openTier(t);
    const keys = ['one', 'two', 'three'].map((name) => newKey({ name }));
    const created = await batchCreateKeys(context, root, { tierId: 'basic', keys });
    assert.deepEqual(
      created.map(({ name }) => name),
      ['one', 'two', 'three'],
    );
  });

  it('is refused whole, naming the key whose value is there already', async (t) => {
    const { context, root } = await openTier(t);
    const taken = newKey({ value: 'upstream-value-taken' });
    await createKey(context, root, { tierId: 'basic', key: taken });
    for (const value of [taken.value, 'upstream-value-twice']) {
      const keys = [newKey({ value: 'upstream-value-twice' }), newKey(), newKey({ value })];
      const error = await refused(batchCreateKeys(context, root, { tierId: 'basic', keys }), 'KEY_EXISTS');
      assert.equal(error.metadata.index, '2');
      assert.doesNotMatch(error.message + JSON.stringify(error.metadata), /upstream-value/);
    }
    assert.equal((await listKeys(context, root, { pageSize: 0, pageToken: '', filter: {} })).items.length, 1);
  });

  it('has 1 to 1,000 keys, and names the bad ones by their index', async (t) => {
    const { context, root } = await openTier(t);
    const batch = (keys: readonly NewKey[]) => batchCreateKeys(context, root, { tierId: 'basic', keys });
    assert.deepEqual(await refusedFields(batch([])), ['keys']);
    assert.deepEqual(await refusedFields(batch(Array.from({ length: 1001 }, () => newKey()))), ['keys']);
    assert.deepEqual(await refusedFields(batch([newKey(), newKey({ value: '' })])), ['keys[1].value']);
  });
});
