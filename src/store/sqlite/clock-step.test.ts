import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { drawMany, drawOne, kinds, mustDraw, perKey } from '../../../test/support/drawing.ts';
import { budgetOf } from '../../../test/support/key-state.ts';
import { spread } from '../../../test/support/memory-pool.ts';
import { sqliteHarness } from '../../../test/support/sqlite-harness.ts';
import { useStore } from '../../../test/support/store-harness.ts';
import { addKey, addKeys, addTier, editFeatures, editKey, same } from '../../../test/support/store-rows.ts';
import type { Store } from '../port.ts';
import { createClockWatch } from './clock-watch.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function open(t: TestContext) {
  const harness = await sqliteHarness();
  return { ...(await useStore(t, async () => harness)), clock: harness.clock };
}

describe('SQLite: a key that had expired while the clock was ahead', () => {
  const meetings: Readonly<Record<string, (store: Store, keyId: string) => Promise<unknown>>> = {
    'a draw': async (store) => drawOne(store, [(await store.getTier('tier')) ?? assert.fail()], 'a'),
    'the sweep': (store) => store.parkExpiredKeys(10),
    'an edit': (store, keyId) => editKey(store, keyId, () => ({ name: 'new' })),
    'a job': async (store) => {
      const tier = (await store.getTier('tier')) ?? assert.fail();
      await editFeatures(store, 'tier', [...tier.features, { name: 'b', limits: [] }]);
      while ((await store.runJobStep(10)) !== null);
    },
  };
  for (const [what, meet] of Object.entries(meetings))
    it(`comes back where ${what} met it, and expires in its time`, async (t) => {
      const { store, clock, open: reopen } = await open(t);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { expireAt: store.now() + HOUR_MS });
      clock.jump(2 * HOUR_MS);
      await meet(store, key.id);
      assert.deepEqual((await store.getKey(key.id))?.ready, {});
      clock.jump(-2 * HOUR_MS);
      await store.close();
      const again = await reopen();
      assert.equal(await again.parkExpiredKeys(10), 1);
      assert.equal(await again.parkExpiredKeys(10), 0);
      const tier = (await again.getTier('tier')) ?? assert.fail();
      await mustDraw(again, [tier], 'a');
      clock.advance(HOUR_MS);
      assert.equal(await again.parkExpiredKeys(10), 1);
      assert.deepEqual(await drawOne(again, [tier], 'a'), { kind: 'empty' });
    });
});

describe('SQLite: after a clock that was ahead', () => {
  it('a key that was out then is in turn with the others once it is back, also after a restart', async (t) => {
    const { store, clock, open: reopen } = await open(t);
    const tier = await addTier(store, { a: [] });
    const early = await addKey(store, 'tier');
    clock.jump(DAY_MS);
    await mustDraw(store, [tier], 'a');
    await editKey(store, early.id, () => ({ state: 'disabled' }));
    clock.jump(-DAY_MS);
    await store.close();
    const again = await reopen();
    const late = await addKeys(again, 'tier', same(20));
    await editKey(again, early.id, () => ({ state: 'active' }));
    const results = [];
    for (let i = 0; i < 63; i++) results.push(await drawOne(again, [tier], 'a'));
    assert.ok(spread(perKey(results, [early, ...late])) <= 1);
  });

  it('request records that are over are deleted, whatever was written before them', async (t) => {
    const { store, clock } = await open(t);
    const tier = await addTier(store, { a: [] });
    await addKey(store, 'tier');
    const draw = (key: string) => mustDraw(store, [tier], 'a', { idempotency: { key, fingerprint: 'x' } });
    clock.jump(30 * DAY_MS);
    for (const key of ['a', 'b', 'c']) await draw(key);
    clock.jump(-30 * DAY_MS);
    for (const key of ['d', 'e']) await draw(key);
    clock.advance(HOUR_MS);
    assert.equal(await store.deleteExpired(0, 2), 2);
    assert.equal(await store.deleteExpired(0, 2), 0);
  });
});

describe('SQLite: the watch of the clock', () => {
  it('takes no pause between its two readings for a jump', () => {
    let monotonicMs = 0;
    let pauseMs = 0;
    const warnings: string[] = [];
    const clock = {
      nowMs: () => {
        const nowMs = monotonicMs;
        monotonicMs += pauseMs;
        return nowMs;
      },
      monotonicMs: () => monotonicMs,
    };
    const watch = createClockWatch({ clock, warn: (message) => warnings.push(message) });
    pauseMs = 200;
    watch.look();
    pauseMs = 0;
    watch.look();
    assert.deepEqual([watch.lastJump(), warnings], [null, []]);
  });
});

describe('SQLite: the sweep of expired keys', () => {
  it('looks at so many and no more, also where draws have met them before', async (t) => {
    const { store, clock } = await open(t);
    const tier = await addTier(store, { a: [] });
    await addKeys(store, 'tier', same(5, { expireAt: store.now() + 1000 }));
    clock.advance(2000);
    assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 5)), { empty: 5 });
    const looked = [];
    for (let i = 0; i < 4; i++) looked.push(await store.parkExpiredKeys(2));
    assert.deepEqual(looked, [2, 2, 1, 0]);
  });

  it('leaves a key alone that is out because its budget is spent', async (t) => {
    const { store } = await open(t);
    await addTier(store, { a: [] });
    const budgets = [{ ...budgetOf(1), used: 1 }];
    await addKey(store, 'tier', { budgets, expireAt: store.now() + HOUR_MS });
    assert.equal(await store.parkExpiredKeys(10), 0);
  });
});
