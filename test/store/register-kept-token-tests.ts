import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StoreFactory, useStore } from '../support/store-harness.ts';

const LATER_MS = 3_600_000;

export function registerKeptTokenTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: kept tokens`, () => {
    it('are found under their key until their time is over', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const token = { key: 'salted', body: '{"subject":"ünïcode $x.y"}', expireAt: store.now() + windowMs };
      await store.keepToken(token);
      assert.deepEqual(await store.findKeptToken('salted'), token);
      assert.equal(await store.findKeptToken('other'), null);
      await waitUntil(store, token.expireAt);
      assert.equal(await store.findKeptToken('salted'), null);
    });

    it('are replaced by what is kept under the same key', async (t) => {
      const { store } = await useStore(t, makeStore);
      const expireAt = store.now() + LATER_MS;
      const last = { key: 'k', body: 'last', expireAt };
      await Promise.all(['a', 'b', 'c'].map((body) => store.keepToken({ key: 'k', body, expireAt })));
      await store.keepToken(last);
      assert.deepEqual(await store.findKeptToken('k'), last);
    });

    it('are deleted when their time is over, so many at a time', async (t) => {
      const { store } = await useStore(t, makeStore);
      const now = store.now();
      for (const key of ['a', 'b', 'c']) await store.keepToken({ key, body: '', expireAt: now - 1000 });
      await store.keepToken({ key: 'd', body: '', expireAt: now + LATER_MS });
      assert.equal(await store.deleteExpiredTokens(2), 2);
      assert.equal(await store.deleteExpiredTokens(2), 1);
      assert.equal(await store.deleteExpiredTokens(2), 0);
      assert.notEqual(await store.findKeptToken('d'), null);
    });
  });
}
