import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { updateKey } from '../../src/domain/update-key.ts';
import { consumerOf } from '../support/store-rows.ts';
import { limitOf, MINUTE_MS, newKey, newTier } from './examples.ts';
import { callOf } from './open-domain.ts';
import { auditOf, draw, openPool } from './open-pool.ts';
import { refused } from './refusals.ts';

const ONE_A_MINUTE = newTier({ features: [{ name: 'scrape', limits: [limitOf({ limit: 1 })] }] });
const ADMIN = callOf(consumerOf({ scopes: ['admin'] }));

describe('a draw', () => {
  it('hands out value, secrets and metadata of a key, all opened', async (t) => {
    const opened = { name: 'first', value: 'upstream-value-a', secrets: { account: 'upstream-secret-a' } };
    const expireAt = Date.UTC(2026, 0);
    const { context, caller, keyIds } = await openPool(t, {
      keys: [newKey({ ...opened, metadata: { region: 'eu' }, expireAt })],
    });
    const key = await draw(context, caller, { units: 3 });
    const { value, secrets, metadata, units, keyName } = key;
    assert.deepEqual(
      { name: keyName, value, secrets, metadata, units },
      { ...opened, metadata: { region: 'eu' }, units: 3 },
    );
    assert.deepEqual([key.keyId, key.tierId, key.expireAt], [keyIds[0], 'basic', expireAt]);
    const row = await context.store.getKey(key.keyId);
    assert.doesNotMatch(JSON.stringify(row), /upstream-(value|secret)-a/);
  });

  it('leaves an audit row that says who drew what, and from where', async (t) => {
    const { context, root, consumer, caller, keyIds } = await openPool(t);
    const first = await draw(context, caller, { units: 2 });
    const second = await draw(context, root, { requestId: 'mine' });
    const common = {
      kind: 'draw',
      at: context.store.now(),
      keyId: keyIds[0],
      tierId: 'basic',
      feature: 'scrape',
      peerAddress: '192.0.2.1',
      withheld: false,
      report: null,
    };
    assert.deepEqual(await auditOf(context), [
      { ...common, id: first.drawId, consumerId: consumer.id, units: 2, requestId: 'request-1' },
      { ...common, id: second.drawId, consumerId: '', units: 1, requestId: 'mine' },
    ]);
  });

  it('goes round the keys of all granted tiers, or of the one it names', async (t) => {
    const tiers = ['a', 'b', 'c'].map((id) => newTier({ id }));
    const keys = ['a', 'b', 'c'].map((tierId) => ({ ...newKey(), tierId }));
    const { context, caller } = await openPool(t, { tiers, keys });
    const drawn: string[] = [];
    for (let i = 0; i < 6; i += 1) drawn.push((await draw(context, caller)).tierId);
    assert.deepEqual(drawn, ['a', 'b', 'c', 'a', 'b', 'c']);
    for (let i = 0; i < 3; i += 1) assert.equal((await draw(context, caller, { tierId: 'b' })).tierId, 'b');
  });

  it('of an admin goes to every tier, granted or not', async (t) => {
    const { context, root } = await openPool(t);
    for (const call of [root, ADMIN]) assert.equal((await draw(context, call)).tierId, 'basic');
  });
});

describe('a draw is refused', () => {
  it('with FEATURE_NOT_GRANTED where none of the consumer’s tiers offers the feature', async (t) => {
    const other = { id: 'other', features: [{ name: 'search', limits: [] }] };
    const { context, root, consumer, caller } = await openPool(t, { tiers: [newTier(), newTier(other)] });
    const ungranted = callOf({ ...consumer, grantedTierIds: ['basic'] });
    const { metadata } = await refused(
      draw(context, ungranted, { feature: 'search' }),
      'FEATURE_NOT_GRANTED',
    );
    assert.deepEqual(metadata, { feature: 'search' });
    await refused(draw(context, caller, { feature: 'nowhere' }), 'FEATURE_NOT_GRANTED');
    const narrowed = await refused(draw(context, caller, { tierId: 'other' }), 'FEATURE_NOT_GRANTED');
    assert.deepEqual(narrowed.metadata, { feature: 'scrape', tier_id: 'other' });
    await refused(draw(context, ungranted, { feature: 'search', tierId: 'other' }), 'FEATURE_NOT_GRANTED');
    await draw(context, root, { feature: 'scrape' });
  });

  it('with FEATURE_NOT_FOUND where no tier offers it to an admin', async (t) => {
    const { context, root } = await openPool(t);
    for (const call of [root, ADMIN]) {
      await refused(draw(context, call, { feature: 'nowhere' }), 'FEATURE_NOT_FOUND');
      await refused(draw(context, call, { tierId: 'nowhere' }), 'FEATURE_NOT_FOUND');
    }
  });

  it('with UNITS_TOO_LARGE when no tier’s limits allow so many at once', async (t) => {
    const tiers = [5, 20].map((limit) =>
      newTier({
        id: `up-to-${limit}`,
        features: [{ name: 'scrape', limits: [limitOf({ limit }), limitOf({ limit: 100, windowMs: 1000 })] }],
      }),
    );
    const keys = tiers.map(({ id }) => ({ ...newKey(), tierId: id }));
    const { context, caller } = await openPool(t, { tiers, keys });
    const error = await refused(draw(context, caller, { units: 21 }), 'UNITS_TOO_LARGE');
    assert.deepEqual(error.metadata, { units_max: '20' });
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['units'],
    );
    await refused(draw(context, caller, { units: 6, tierId: 'up-to-5' }), 'UNITS_TOO_LARGE');
    assert.equal((await draw(context, caller, { units: 20 })).tierId, 'up-to-20');
  });

  it('with POOL_EXHAUSTED until the earliest key is due, and not longer', async (t) => {
    const { context, caller, clock, keyIds } = await openPool(t, {
      tiers: [ONE_A_MINUTE],
      keys: [newKey(), newKey()],
    });
    await draw(context, caller);
    clock.advance(10_000);
    await draw(context, caller);
    const error = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    const retryAfterMs = error.retryAfterMs ?? assert.fail('no retry was told');
    assert.ok(retryAfterMs > MINUTE_MS - 10_000 && retryAfterMs < MINUTE_MS, `${retryAfterMs} ms`);
    assert.deepEqual(error.metadata, { feature: 'scrape' });
    clock.advance(retryAfterMs - 1);
    await refused(draw(context, caller), 'POOL_EXHAUSTED');
    clock.advance(1);
    assert.equal((await draw(context, caller)).keyId, keyIds[0]);
  });

  it('with POOL_EXHAUSTED and a wait that is worth it, however soon the key is due', async (t) => {
    const { context, caller, clock } = await openPool(t, { tiers: [ONE_A_MINUTE] });
    await draw(context, caller);
    const { retryAfterMs } = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    clock.advance((retryAfterMs ?? 0) - 1);
    assert.equal((await refused(draw(context, caller), 'POOL_EXHAUSTED')).retryAfterMs, 100);
  });

  it('with POOL_EMPTY when waiting does not help', async (t) => {
    const keys = [newKey({ state: 'disabled' }), newKey({ budgets: [{ limit: 2, windowMs: null }] })];
    const { context, root, caller, keyIds } = await openPool(t, { keys });
    await draw(context, caller, { units: 2 });
    assert.equal((await refused(draw(context, caller), 'POOL_EMPTY')).retryAfterMs, null);
    const id = keyIds[0] ?? assert.fail('there is a key');
    await updateKey(context, root, { id, etag: null, changes: { state: 'active' } });
    assert.equal((await draw(context, caller)).keyId, id);
  });

  it('with STORE_UNAVAILABLE when the store is closed, for who was known and who was not', async (t) => {
    const { context, caller, root } = await openPool(t);
    await draw(context, caller);
    await context.store.close();
    for (const call of [caller, root]) await refused(draw(context, call), 'STORE_UNAVAILABLE');
    assert.equal((await refused(draw(context, caller), 'STORE_UNAVAILABLE')).retryAfterMs, 1000);
  });

  it('with CANCELED when its caller has gone, and takes nothing', async (t) => {
    const { context, caller } = await openPool(t);
    await refused(draw(context, { ...caller, signal: AbortSignal.abort() }), 'CANCELED');
    assert.deepEqual(await auditOf(context), []);
  });
});
