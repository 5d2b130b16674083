import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Context } from '../../src/domain/context.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteKey } from '../../src/domain/delete-key.ts';
import { deleteTier } from '../../src/domain/delete-tier.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import type { DrawRequest } from '../../src/store/port.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { settled } from './held-rounds.ts';
import { callOf, type Domain } from './open-domain.ts';
import { auditOf, contextOver, draw, openPool, unheard } from './open-pool.ts';
import { refused } from './refusals.ts';

const DAY_MS = 86_400_000;

function scrapeUpTo(limit: number, windowMs = 60_000) {
  return { features: [{ name: 'scrape', limits: [limitOf({ limit, windowMs })] }] };
}

function edit({ context, root }: Domain, changes: Parameters<typeof updateTier>[2]['changes']) {
  return updateTier(context, root, { id: 'basic', etag: null, changes });
}

async function placeKeys({ store }: Context): Promise<void> {
  while ((await store.runJobStep(100))?.state === 'running');
}

describe('the next draw', () => {
  it('heeds a lowered limit', async (t) => {
    const pool = await openPool(t, { tiers: [newTier(scrapeUpTo(5))] });
    const { context, caller } = pool;
    for (let i = 0; i < 3; i += 1) await draw(context, caller);
    await edit(pool, scrapeUpTo(3));
    await refused(draw(context, caller), 'POOL_EXHAUSTED');
    await refused(draw(context, caller, { units: 4 }), 'UNITS_TOO_LARGE');
  });

  it('heeds a key that is disabled, enabled, added or deleted', async (t) => {
    const { context, root, caller, keyIds } = await openPool(t);
    const id = keyIds[0] ?? assert.fail('there is a key');
    await updateKey(context, root, { id, etag: null, changes: { state: 'disabled' } });
    await refused(draw(context, caller), 'POOL_EMPTY');
    const added = await createKey(context, root, { tierId: 'basic', key: newKey() });
    assert.equal((await draw(context, caller)).keyId, added.id);
    await updateKey(context, root, { id, etag: null, changes: { state: 'active' } });
    await deleteKey(context, root, { id: added.id, etag: null });
    assert.equal((await draw(context, caller)).keyId, id);
  });

  it('heeds a grant that comes or goes, once the caller is looked at again', async (t) => {
    const { context, root, consumer } = await openPool(t);
    const grant = { consumerId: consumer.id, tierId: 'basic' };
    const without = callOf(await revokeGrant(context, root, grant));
    await refused(draw(context, without), 'FEATURE_NOT_GRANTED');
    await draw(context, callOf(await grantTier(context, root, grant)));
  });

  it('refuses a removed feature', async (t) => {
    const pool = await openPool(t);
    await edit(pool, { features: [{ name: 'search', limits: [] }] });
    await refused(draw(pool.context, pool.caller), 'FEATURE_NOT_GRANTED');
    await refused(draw(pool.context, pool.root), 'FEATURE_NOT_FOUND');
  });

  it('goes by the newest limits that its key has seen, in a process that was told nothing', async (t) => {
    const pool = await openPool(t, { tiers: [newTier(scrapeUpTo(5))] });
    const other = unheard(t, pool.context);
    await draw(other, pool.caller);
    await edit(pool, scrapeUpTo(2));
    await draw(pool.context, pool.caller);
    await refused(draw(other, pool.caller), 'POOL_EXHAUSTED');
  });
});

describe('while a job places the keys of a tier', () => {
  it('a draw of a new feature is told to come back in a second, and then served', async (t) => {
    const pool = await openPool(t);
    const { context, caller } = pool;
    await edit(pool, { features: [...newTier().features, { name: 'search', limits: [] }] });
    const { retryAfterMs } = await refused(draw(context, caller, { feature: 'search' }), 'POOL_EXHAUSTED');
    assert.equal(retryAfterMs, 1000);
    await placeKeys(context);
    await draw(context, caller, { feature: 'search' });
  });

  it('a draw of a raised limit need not wait for the old window', async (t) => {
    const pool = await openPool(t, { tiers: [newTier(scrapeUpTo(1, DAY_MS))] });
    const { context, caller } = pool;
    await draw(context, caller);
    const before = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    assert.ok((before.retryAfterMs ?? 0) > DAY_MS / 2);
    await edit(pool, scrapeUpTo(2, DAY_MS));
    const after = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    assert.equal(after.retryAfterMs, 1000);
    await placeKeys(context);
    await draw(context, caller);
  });

  it('draws of other tiers are told the truth, and so is everybody a second after its end', async (t) => {
    const pool = await openPool(t, { tiers: [newTier(), newTier({ id: 'other' })], keys: [newKey()] });
    const { context, caller, clock } = pool;
    await edit(pool, { features: [...newTier().features, { name: 'search', limits: [] }] });
    await refused(draw(context, caller, { tierId: 'other' }), 'POOL_EMPTY');
    await placeKeys(context);
    const id = pool.keyIds[0] ?? assert.fail('there is a key');
    await deleteKey(context, pool.root, { id, etag: null });
    await refused(draw(context, caller, { feature: 'search' }), 'POOL_EXHAUSTED');
    clock.advance(1000);
    await refused(draw(context, caller, { feature: 'search' }), 'POOL_EMPTY');
  });
});

describe('a tier that was deleted and made anew', () => {
  it('is not spoilt by draws that still know the earlier one', async (t) => {
    const pool = await openPool(t, { tiers: [newTier(scrapeUpTo(5))] });
    const { context, root, clock, keyIds } = pool;
    for (let edits = 0; edits < 3; edits += 1) await edit(pool, { description: `edit ${edits}` });
    const other = unheard(t, context);
    await draw(other, root);
    for (const id of keyIds) await deleteKey(context, root, { id, etag: null });
    await deleteTier(context, root, { id: 'basic', etag: null });
    clock.advance(10);
    await createTier(context, root, newTier(scrapeUpTo(2)));
    const { id } = await createKey(context, root, { tierId: 'basic', key: newKey() });
    assert.equal((await draw(other, root)).keyId, id);
    assert.equal((await draw(context, root)).keyId, id);
    await refused(draw(other, root), 'POOL_EXHAUSTED');
  });
});

/** A pool whose first round is held up, with a draw of its consumer that waits behind it. */
async function openBehind(t: TestContext) {
  const pool = await openPool(t);
  const { store } = pool.context;
  const held = Promise.withResolvers<void>();
  const begun: (readonly DrawRequest[])[] = [];
  const context = contextOver(t, pool.context, {
    drawRound: async (draws) => {
      begun.push(draws);
      if (begun.length === 1) await held.promise;
      return store.drawRound(draws);
    },
  });
  const first = draw(context, pool.root);
  await settled();
  const waiting = draw(context, pool.caller);
  await settled();
  return { ...pool, context, begun, first, waiting, goOn: held.resolve };
}

describe('a draw whose round took over a second', () => {
  it('does not leave when its caller was disabled meanwhile, and its row says so', async (t) => {
    const pool = await openPool(t);
    const { store } = pool.context;
    const held = Promise.withResolvers<void>();
    const context = contextOver(t, pool.context, {
      drawRound: async (draws) => {
        const results = await store.drawRound(draws);
        await held.promise;
        return results;
      },
    });
    const waiting = draw(context, pool.caller);
    await settled();
    const changes = { state: 'disabled' } as const;
    await updateConsumer(context, pool.root, { id: pool.consumer.id, etag: null, changes });
    pool.clock.advance(1001);
    held.resolve();
    await refused(waiting, 'CONSUMER_DISABLED');
    await settled();
    assert.deepEqual(
      (await auditOf(context)).map(({ withheld }) => withheld),
      [true],
    );
  });
});

describe('a draw that has waited over a second', () => {
  it('is served when its caller still may', async (t) => {
    const { clock, begun, first, waiting, goOn } = await openBehind(t);
    clock.advance(1001);
    goOn();
    const keys = await Promise.all([first, waiting]);
    assert.equal(new Set(keys.map(({ drawId }) => drawId)).size, 2);
    assert.equal(begun.length, 2);
  });

  it('is refused when its caller was disabled meanwhile', async (t) => {
    const { context, root, clock, consumer, first, waiting, goOn } = await openBehind(t);
    const changes = { state: 'disabled' } as const;
    await updateConsumer(context, root, { id: consumer.id, etag: null, changes });
    clock.advance(1001);
    goOn();
    await refused(waiting, 'CONSUMER_DISABLED');
    await first;
  });

  it('is refused when its grant was revoked meanwhile', async (t) => {
    const { context, root, clock, consumer, first, waiting, goOn } = await openBehind(t);
    await revokeGrant(context, root, { consumerId: consumer.id, tierId: 'basic' });
    clock.advance(1001);
    goOn();
    await refused(waiting, 'FEATURE_NOT_GRANTED');
    await first;
  });
});
