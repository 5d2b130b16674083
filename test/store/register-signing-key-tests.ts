import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SigningKey } from '../../src/model/signing-key.ts';
import type { Change, Store } from '../../src/store/port.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { eventOf } from '../support/store-rows.ts';
import { listeningStores } from './listening-stores.ts';

function signingKey(id: string, follows: string, signFrom: number): SigningKey {
  const texts = { publicKey: `public of ${id}`, privateKey: `sealed of ${id}` };
  return { id, follows, signFrom, signUntil: signFrom + 100, ...texts };
}

const EVENT = { resourceType: 'signing_key', resourceId: 'new' } as const;

/** Puts a key that signs from 1150 on in the place of all; gives the ids of those. */
async function replaceAll(store: Store, id: string, isAlone: boolean): Promise<readonly string[]> {
  let others: readonly string[] = [];
  await store.replaceSigningKeys((keys) => {
    others = keys.map((key) => key.id);
    const key = signingKey(id, others.at(-1) ?? '', 1150);
    return { key, isAlone, event: eventOf('RotateSigningKey', EVENT) };
  });
  return others;
}

const idsIn = async (store: Store) => (await store.listSigningKeys()).map(({ id }) => id);
const eventsIn = async (store: Store) =>
  (await store.listAdminEvents(EVENT, { after: null, limit: 100 })).items.length;

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

    it('are replaced: the others end where the new one begins, and stand before it', async (t) => {
      const { store } = await useStore(t, makeStore);
      const keys = [signingKey('a', '', 1000), signingKey('b', 'a', 1100), signingKey('c', 'b', 1200)];
      for (const key of keys) await store.addSigningKey(key);
      assert.deepEqual(await replaceAll(store, 'new', false), ['a', 'b', 'c']);
      const listed = await store.listSigningKeys();
      assert.deepEqual(
        listed.map(({ id, follows, signFrom, signUntil }) => [id, follows, signFrom, signUntil]),
        [
          ['a', '', 1000, 1100],
          ['b', 'a', 1100, 1150],
          ['c', 'b', 1149, 1150],
          ['new', 'c', 1150, 1250],
        ],
      );
      assert.equal(await eventsIn(store), 1);
    });

    it('are withdrawn all together, with the event of it, or not at all', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.addSigningKey(signingKey('a', '', 1000));
      await store.addSigningKey(signingKey('b', 'a', 1100));
      const stopped = store.replaceSigningKeys(() => {
        throw new RangeError('stopped');
      });
      await assert.rejects(stopped, RangeError);
      const taken = store.replaceSigningKeys(() => ({
        key: signingKey('c', 'a', 1150),
        isAlone: false,
        event: eventOf('RotateSigningKey', EVENT),
      }));
      await assert.rejects(taken, { kind: 'exists' });
      assert.deepEqual([await idsIn(store), await eventsIn(store)], [['a', 'b'], 0]);
      assert.deepEqual(await replaceAll(store, 'new', true), ['a', 'b']);
      assert.deepEqual([await idsIn(store), await eventsIn(store)], [['new'], 1]);
      assert.equal(await store.resealSigningKey('a', 'sealed of a', 'again'), false);
      assert.equal(await store.addSigningKey(signingKey('late', 'b', 1200)), false);
      assert.deepEqual(await idsIn(store), ['new']);
    });

    it('are withdrawn in one order with what others add and withdraw', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(4);
      const [first] = stores;
      assert.ok(first);
      await first.addSigningKey(signingKey('old', '', 1000));
      const work = stores.flatMap((store, i) => [
        replaceAll(store, `alone-${i}`, true),
        store.addSigningKey(signingKey(`next-${i}`, 'old', 1100)).then(() => []),
      ]);
      const withdrawn = new Set((await Promise.all(work)).flat());
      const left = await idsIn(first);
      assert.ok(withdrawn.has('old'));
      assert.ok(left.some((id) => id.startsWith('alone-')) && left.every((id) => !withdrawn.has(id)));
      assert.equal(await eventsIn(first), stores.length);
    });

    it('are announced in every process when one comes and when they are withdrawn', async (t) => {
      const { writer, forget, allHeard } = await listeningStores(t, makeStore);
      const isTold = (changes: readonly Change[]) => changes.some(({ kind }) => kind === 'signing-keys');
      for (const change of [
        () => writer.addSigningKey(signingKey('a', '', 1000)),
        () => replaceAll(writer, 'new', true),
      ]) {
        forget();
        await change();
        await allHeard(isTold);
      }
    });
  });
}
