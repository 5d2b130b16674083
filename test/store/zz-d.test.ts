import { it } from 'node:test';
import { mongodbHarness } from '../support/mongodb-harness.ts';
import { drawMany, drawn, drawOne, perKey, drawOf, drawInRounds, kinds } from '../support/drawing.ts';
import { limitOf } from '../support/meter-run.ts';
import { budgetOf } from '../support/key-state.ts';
import { addGroup, groupNow, member } from '../support/quota-groups.ts';
import { keyNow } from '../support/reporting.ts';
import { useStore } from '../support/store-harness.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
it('a', async (t) => {
      const { store, windowMs } = await useStore(t, mongodbHarness);
      const tier = await addTier(store, { a: [], b: [] });
      const limit = limitOf('sliding', 3, windowMs);
      await addGroup(store, { limits: [limit] });
      const keys = await addKeys(store, 'tier', same(3, member()));
      console.log(kinds(await drawMany(store, [tier], 'a', 9)), store.now());
      for (const key of keys) { const { ready, due, meters } = await keyNow(store, key); console.log(ready, due, JSON.stringify(meters)); }
      console.log(JSON.stringify((await groupNow(store)).meters));
      for (const feature of ['a', 'b']) console.log(await drawOne(store, [tier], feature));
});
it('b', async (t) => {
      const opened = await useStore(t, mongodbHarness);
      const { store } = opened;
      const tier = await addTier(store, { a: [], b: [] });
      await addGroup(store, { budgets: [budgetOf(50), budgetOf(60, 3600000)] });
      for (const m of [member(), { budgets: [budgetOf(500)] }]) { const keys = await addKeys(store, 'tier', same(4, { ...m }));
      const stores = await opened.openMany(2);
      const draws = Array.from({ length: 130 }, (_, i) => drawOf([tier], ['a', 'b'][i % 2] ?? 'a'));
      const r = await drawInRounds(stores, draws, 16);
      console.log(kinds(r), perKey(r, keys));
      }
});
