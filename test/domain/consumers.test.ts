import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { deleteTier } from '../../src/domain/delete-tier.ts';
import { etagOf } from '../../src/domain/etag.ts';
import { getConsumer } from '../../src/domain/get-consumer.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import { listConsumers } from '../../src/domain/list-consumers.ts';
import { revokeGrant } from '../../src/domain/revoke-grant.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { whoAmI } from '../../src/domain/who-am-i.ts';
import { isWellFormedToken, tokenHash } from '../../src/model/token.ts';
import { newConsumer, newTier } from './examples.ts';
import { callOf, openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

describe('a consumer', () => {
  it('gets a token of its environment, of which only the hash is kept', async (t) => {
    const { context, root } = await openDomain(t);
    const input = { consumer: newConsumer({ environment: 'test' }) };
    const { consumer, token } = await createConsumer(context, root, input);
    assert.match(token, /^kp_test_/);
    assert.ok(isWellFormedToken(token));
    const read = await getConsumer(context, root, { id: consumer.id });
    assert.deepEqual(read, consumer);
    assert.equal(read.tokenHash, tokenHash(token));
    assert.ok(!JSON.stringify(read).includes(token));
  });

  it('changes only in what an update names; nothing new changes nothing', async (t) => {
    const { context, root } = await openDomain(t);
    const { consumer } = await createConsumer(context, root, {
      consumer: newConsumer({ creditsPerMinute: 10, scopes: ['reports'] }),
    });
    const { id } = consumer;
    const updated = await updateConsumer(context, root, {
      id,
      etag: etagOf(consumer.version),
      changes: { creditsPerMinute: null, owner: 'team' },
    });
    assert.deepEqual(
      [updated.creditsPerMinute, updated.owner, updated.scopes, updated.version],
      [null, 'team', ['reports'], 2],
    );
    const same = await updateConsumer(context, root, { id, etag: null, changes: { owner: 'team' } });
    assert.deepEqual(same, updated);
    const stale = { id, etag: etagOf(1), changes: { owner: 'other' } };
    await refused(updateConsumer(context, root, stale), 'ETAG_MISMATCH');
  });

  it('is refused with every bad field at once', async (t) => {
    const { context, root } = await openDomain(t);
    const consumer = newConsumer({
      name: '',
      owner: 'a\tb',
      scopes: ['fine', 'fine', 'Not fine'],
      allowedIps: ['10.0.0.1/8', 'localhost'],
      creditsPerMinute: 0,
      expireAt: 1e15,
    });
    assert.deepEqual(await refusedFields(createConsumer(context, root, { consumer })), [
      'consumer.name',
      'consumer.owner',
      'consumer.scopes[2]',
      'consumer.scopes[1]',
      'consumer.allowedIps[0]',
      'consumer.allowedIps[1]',
      'consumer.creditsPerMinute',
      'consumer.expireTime',
    ]);
  });

  it('is gone after its delete', async (t) => {
    const { context, root } = await openDomain(t);
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    await refused(deleteConsumer(context, root, { id: consumer.id, etag: '7' }), 'ETAG_MISMATCH');
    await deleteConsumer(context, root, { id: consumer.id, etag: '1' });
    await refused(getConsumer(context, root, { id: consumer.id }), 'CONSUMER_NOT_FOUND');
    await refused(deleteConsumer(context, root, { id: consumer.id, etag: null }), 'CONSUMER_NOT_FOUND');
    const update = updateConsumer(context, root, { id: consumer.id, etag: null, changes: { owner: 'x' } });
    await refused(update, 'CONSUMER_NOT_FOUND');
  });

  it('is listed in the order of creation, by owner, environment and state', async (t) => {
    const { context, root } = await openDomain(t);
    const add = async (parts: Parameters<typeof newConsumer>[0]) =>
      (await createConsumer(context, root, { consumer: newConsumer(parts) })).consumer.id;
    const first = await add({ owner: 'a' });
    const second = await add({ owner: 'b', environment: 'test' });
    const third = await add({ owner: 'a', state: 'disabled' });
    const idsOf = async (filter: Parameters<typeof listConsumers>[2]['filter']) =>
      (await listConsumers(context, root, { pageSize: 0, pageToken: '', filter })).items.map(({ id }) => id);
    assert.deepEqual(await idsOf({}), [first, second, third]);
    assert.deepEqual(await idsOf({ owner: 'a' }), [first, third]);
    assert.deepEqual(await idsOf({ environment: 'test' }), [second]);
    assert.deepEqual(await idsOf({ state: 'disabled' }), [third]);
  });
});

describe('a grant', () => {
  it('is given once and taken back once', async (t) => {
    const { context, root } = await openDomain(t);
    for (const id of ['b', 'a']) await createTier(context, root, newTier({ id }));
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    const consumerId = consumer.id;
    await grantTier(context, root, { consumerId, tierId: 'b' });
    const both = await grantTier(context, root, { consumerId, tierId: 'a' });
    assert.deepEqual([both.grantedTierIds, both.version], [['a', 'b'], 3]);
    assert.deepEqual(await grantTier(context, root, { consumerId, tierId: 'a' }), both);
    const left = await revokeGrant(context, root, { consumerId, tierId: 'b' });
    assert.deepEqual(left.grantedTierIds, ['a']);
    await refused(revokeGrant(context, root, { consumerId, tierId: 'b' }), 'GRANT_NOT_FOUND');
  });

  it('needs a consumer and a tier that are there', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier());
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    const noTier = { consumerId: consumer.id, tierId: 'none' };
    await refused(grantTier(context, root, noTier), 'TIER_NOT_FOUND');
    const nobody = { consumerId: 'none', tierId: 'basic' };
    await refused(grantTier(context, root, nobody), 'CONSUMER_NOT_FOUND');
    await refused(revokeGrant(context, root, nobody), 'CONSUMER_NOT_FOUND');
  });

  it('goes with its tier', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier());
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    const granted = await grantTier(context, root, { consumerId: consumer.id, tierId: 'basic' });
    await deleteTier(context, root, { id: 'basic', etag: null });
    const left = await getConsumer(context, root, { id: consumer.id });
    assert.deepEqual([left.grantedTierIds, left.version], [[], granted.version + 1]);
    const events = await context.store.listAdminEvents({}, { after: null, limit: 10 });
    const changes = events.items.find(({ action }) => action === 'DeleteTier')?.changes ?? [];
    assert.deepEqual(
      changes.filter(({ field }) => field.startsWith('granted_')),
      [
        { field: 'granted_consumer_ids', before: JSON.stringify([consumer.id]), after: null },
        { field: 'granted_consumer_count', before: '1', after: null },
      ],
    );
  });
});

describe('who a caller is', () => {
  it('is told with grants and scopes', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier());
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer({ scopes: ['x'] }) });
    const granted = await grantTier(context, root, { consumerId: consumer.id, tierId: 'basic' });
    assert.deepEqual(whoAmI(callOf(granted)), {
      kind: 'consumer',
      consumer: granted,
      subject: null,
      grantedTierIds: ['basic'],
      scopes: ['x'],
    });
    assert.deepEqual(whoAmI(root), {
      kind: 'root',
      consumer: null,
      subject: null,
      grantedTierIds: [],
      scopes: ['admin'],
    });
  });
});
