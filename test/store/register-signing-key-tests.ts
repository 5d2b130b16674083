import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SigningKey } from '../../src/model/signing-key.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';

function signingKey(id: string, follows: string, signFrom: number): SigningKey {
  const texts = { publicKey: `public of ${id}`, privateKey: `sealed of ${id}` };
  return { id, follows, signFrom, signUntil: signFrom + 100, ...texts };
}

export function registerSigningKeyTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: signing keys`, () => {
    it('are listed in the order in which they sign', async (t) => {
      const { store } = await useStore(t, makeStore);
      assert.deepEqual(await store.listSigningKeys(), []);
      const [first, second] = [signingKey('b', '', 1000), signingKey('a', 'b', 1100)];
      assert.equal(await store.addSigningKey(second), true);
      assert.equal(await store.addSigningKey(first), true);
      assert.deepEqual(await store.listSigningKeys(), [first, second]);
    });

    it('have one successor, whoever adds it', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(4);
      const added = await Promise.all(
        stores.flatMap((store, i) =>
          [0, 1, 2].map((k) => store.addSigningKey(signingKey(`key-${i}-${k}`, '', 1000 + i))),
        ),
      );
      assert.equal(added.filter(Boolean).length, 1);
      for (const store of stores) assert.equal((await store.listSigningKeys()).length, 1);
    });

    it('are sealed anew only in the place of what was read', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.addSigningKey(signingKey('a', '', 1000));
      assert.equal(await store.resealSigningKey('a', 'something else', 'new'), false);
      assert.equal(await store.resealSigningKey('nobody', 'sealed of a', 'new'), false);
      assert.equal(await store.resealSigningKey('a', 'sealed of a', 'new'), true);
      assert.deepEqual(
        (await store.listSigningKeys()).map((key) => key.privateKey),
        ['new'],
      );
    });

    it('go when they have signed until before a moment', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.addSigningKey(signingKey('a', '', 1000));
      await store.addSigningKey(signingKey('b', 'a', 1100));
      await store.deleteSigningKeys(1100);
      assert.equal((await store.listSigningKeys()).length, 2);
      await store.deleteSigningKeys(1101);
      assert.deepEqual(
        (await store.listSigningKeys()).map((key) => key.id),
        ['b'],
      );
    });
  });
}
