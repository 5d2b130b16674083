import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { CallerKind } from '../../gen/keypool/v1/caller_pb.ts';
import { ConsumerState, Environment } from '../../gen/keypool/v1/consumer_pb.ts';
import { UsageEventKind } from '../../gen/keypool/v1/usage_event_pb.ts';
import { eventually } from '../support/eventually.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const EXPIRE_TIME = timestampFromMs(Date.UTC(2999, 0, 1));

describe('the RPCs of consumers and the audit', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
    const { admin } = service.clients();
    await admin.createTier({ tier: { id: 't', features: [{ name: 'f' }] } });
    await admin.createKey({ key: { tierId: 't', value: 'upstream-value-1' } });
  });
  after(() => service[Symbol.asyncDispose]());

  it('create one, whose token tells who it is', async () => {
    const { admin } = service.clients();
    const { consumer, token } = await admin.createConsumer({
      consumer: {
        name: 'Ada',
        description: 'd',
        environment: Environment.TEST,
        scopes: ['admin.read', 'mine'],
        creditsPerMinute: 7,
        expireTime: EXPIRE_TIME,
        owner: 'team',
      },
    });
    assert.match(token, /^kp_test_/);
    assert.equal(consumer?.state, ConsumerState.ACTIVE);
    const me = await service.clients(token).auth.whoAmI({});
    assert.equal(me.kind, CallerKind.CONSUMER);
    assert.deepEqual(me.scopes, ['admin.read', 'mine']);
    assert.deepEqual([me.consumer?.id, me.consumer?.creditsPerMinute], [consumer?.id, 7]);
    assert.deepEqual(me.consumer?.expireTime, EXPIRE_TIME);
    const root = await service.clients().auth.whoAmI({});
    assert.deepEqual([root.kind, root.consumer, root.scopes], [CallerKind.ROOT, undefined, ['admin']]);
  });

  it('let who reads read, and who has nothing to say nothing', async () => {
    const { admin } = service.clients();
    const reader = await admin.createConsumer({ consumer: { name: 'reader', scopes: ['admin.read'] } });
    const nobody = await admin.createConsumer({ consumer: { name: 'nobody' } });
    const asReader = service.clients(reader.token).admin;
    assert.ok((await asReader.getStatus({})).store?.reachable);
    const denied = (error: unknown) => error instanceof ConnectError && error.code === Code.PermissionDenied;
    await assert.rejects(asReader.createTier({ tier: { id: 'x', features: [{ name: 'f' }] } }), denied);
    await assert.rejects(service.clients(nobody.token).admin.listTiers({}), denied);
  });

  it('grant a tier, draw from it, tell it, and take it back', async () => {
    const { admin } = service.clients();
    const { consumer, token } = await admin.createConsumer({ consumer: { name: 'Bob' } });
    const consumerId = consumer?.id ?? '';
    const { consumer: granted } = await admin.grantTier({ consumerId, tierId: 't' });
    assert.deepEqual(granted?.grantedTierIds, ['t']);
    const drawn = await service.clients(token).pool.drawKey({ feature: 'f', units: 2, requestId: 'mine' });
    const event = await eventually('the draw is listed', async () => {
      const { usageEvents } = await admin.listUsageEvents({ consumerId });
      return usageEvents[0] ?? null;
    });
    assert.deepEqual(
      [event.kind, event.drawId, event.keyId, event.tierId, event.feature, event.units, event.requestId],
      [UsageEventKind.DRAW, drawn.drawId, drawn.keyId, 't', 'f', 2, 'mine'],
    );
    const future = { startTime: EXPIRE_TIME };
    assert.deepEqual((await admin.listUsageEvents({ consumerId, ...future })).usageEvents, []);
    assert.deepEqual((await admin.revokeGrant({ consumerId, tierId: 't' })).consumer?.grantedTierIds, []);
  });

  it('update, list and delete them, and tell who did it', async () => {
    const { admin } = service.clients();
    const { consumer } = await admin.createConsumer({
      consumer: { name: 'Cy', owner: 'cy', creditsPerMinute: 3 },
    });
    const id = consumer?.id ?? '';
    const { consumer: updated } = await admin.updateConsumer({
      consumer: { id, name: 'ignored', state: ConsumerState.DISABLED, allowedIps: ['192.0.2.0/24'] },
      updateMask: { paths: ['state', 'allowed_ips', 'credits_per_minute'] },
    });
    assert.deepEqual([updated?.name, updated?.state], ['Cy', ConsumerState.DISABLED]);
    assert.deepEqual([updated?.allowedIps, updated?.creditsPerMinute], [['192.0.2.0/24'], undefined]);
    const listed = await admin.listConsumers({ owner: 'cy', state: ConsumerState.DISABLED });
    assert.deepEqual(listed.consumers, [updated]);
    await admin.deleteConsumer({ id, etag: updated?.etag ?? '' });
    const { adminEvents } = await admin.listAdminEvents({ resourceId: id, resourceType: 'consumer' });
    assert.deepEqual(
      adminEvents.map(({ action, actor }) => [action, actor?.id]),
      [
        ['DeleteConsumer', 'root'],
        ['UpdateConsumer', 'root'],
        ['CreateConsumer', 'root'],
      ],
    );
    const state = adminEvents[1]?.changes.find(({ field }) => field === 'state');
    assert.deepEqual(state?.oldValue?.kind.case, 'stringValue');
  });

  it('tell how the pool and the service are', async () => {
    const { admin, pool } = service.clients();
    const availability = await pool.getAvailability({ feature: 'f' });
    assert.deepEqual(
      [availability.availableKeys, availability.totalKeys, availability.capped],
      [1, 1, false],
    );
    const status = await admin.getStatus({});
    assert.deepEqual([status.pool?.tiers, status.pool?.keys], [1, 1]);
    assert.equal(status.features[0]?.feature, 'f');
    assert.deepEqual([status.store?.kind, status.encryption?.enabled], ['sqlite', false]);
  });
});
