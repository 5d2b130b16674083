import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { consumerOf } from '../support/store-rows.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { callOf } from './open-domain.ts';
import { auditOf, draw, openPool } from './open-pool.ts';
import { refused } from './refusals.ts';

const ONE_A_MINUTE = newTier({ features: [{ name: 'scrape', limits: [limitOf({ limit: 1 })] }] });

describe('request ids', () => {
  it('give the same draw again, which takes no more units', async (t) => {
    const { context, caller } = await openPool(t, { tiers: [ONE_A_MINUTE] });
    const first = await draw(context, caller, { requestId: 'mine' });
    const again = await draw(context, caller, { requestId: 'mine' });
    assert.deepEqual(again, { ...first, replayed: true });
    assert.equal((await auditOf(context)).length, 1);
  });

  it('are each caller’s own', async (t) => {
    const { context, root, caller } = await openPool(t);
    const calls = [caller, root, callOf(consumerOf({ scopes: ['admin'] }))];
    const drawn = await Promise.all(calls.map((call) => draw(context, call, { requestId: 'mine' })));
    assert.equal(new Set(drawn.map(({ drawId }) => drawId)).size, 3);
  });

  it('stay a caller’s own when it was edited', async (t) => {
    const { context, root, caller, consumer } = await openPool(t);
    const first = await draw(context, caller, { requestId: 'mine' });
    const { id } = consumer;
    const edited = await updateConsumer(context, root, { id, etag: null, changes: { name: 'renamed' } });
    assert.equal((await draw(context, callOf(edited), { requestId: 'mine' })).drawId, first.drawId);
  });

  it('are refused with other fields', async (t) => {
    const features = ['scrape', 'search'].map((name) => ({ name, limits: [limitOf()] }));
    const { context, caller } = await openPool(t, { tiers: [newTier({ features })] });
    await draw(context, caller, { requestId: 'mine' });
    for (const other of [{ units: 2 }, { tierId: 'basic' }, { feature: 'search' }]) {
      const error = await refused(
        draw(context, caller, { requestId: 'mine', ...other }),
        'REQUEST_ID_REUSED',
      );
      assert.deepEqual(
        error.violations.map(({ field }) => field),
        ['requestId'],
      );
    }
    assert.equal((await auditOf(context)).length, 1);
  });

  it('name no draw any more when their key cannot be handed out', async (t) => {
    const { context, root, caller } = await openPool(t, { keys: [newKey(), newKey()] });
    const { keyId } = await draw(context, caller, { requestId: 'mine' });
    await updateKey(context, root, { id: keyId, etag: null, changes: { state: 'disabled' } });
    await refused(draw(context, caller, { requestId: 'mine' }), 'POOL_EMPTY');
    assert.notEqual((await draw(context, caller, { requestId: 'another' })).keyId, keyId);
  });
});
