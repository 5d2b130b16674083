import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { ConsumerState } from '../../gen/keypool/v1/consumer_pb.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const DAY_MS = 86_400_000;

function failsWith(code: Code, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ConnectError && error.code === code && text.test(error.message);
}

describe('the RPCs of tokens', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
  });
  after(() => service[Symbol.asyncDispose]());

  const add = (name: string, fields: object = {}) =>
    service.clients().admin.createConsumer({ consumer: { name, ...fields } });

  it('give one for 365 days, or for ever when that is asked for', async () => {
    const { admin } = service.clients();
    const { consumer } = await add('default');
    const { expireTime, createTime } = consumer ?? {};
    assert.ok(expireTime !== undefined && createTime !== undefined);
    assert.equal(timestampMs(expireTime) - timestampMs(createTime), 365 * DAY_MS);
    assert.deepEqual(consumer?.scopes, ['api:access']);
    const forever = await admin.createConsumer({ consumer: { name: 'ever' }, neverExpires: true });
    assert.equal(forever.consumer?.expireTime, undefined);
    const both = { consumer: { name: 'both', ...(expireTime && { expireTime }) }, neverExpires: true };
    await assert.rejects(admin.createConsumer(both), failsWith(Code.InvalidArgument, /never_expires/));
  });

  it('make it last for ever, and end some day, by an update', async () => {
    const { admin } = service.clients();
    const { consumer } = await add('changing');
    const id = consumer?.id ?? '';
    const updateMask = { paths: ['expire_time'] };
    const never = await admin.updateConsumer({ consumer: { id }, updateMask });
    assert.equal(never.consumer?.expireTime, undefined);
  });

  it('keep limits of single resources, and refuse the same one twice', async () => {
    const { admin } = service.clients();
    const chat = { resource: '/chat', creditsPerMinute: 10 };
    const { consumer } = await add('limited', { creditLimits: [chat] });
    assert.deepEqual(
      consumer?.creditLimits.map(({ resource, creditsPerMinute }) => ({ resource, creditsPerMinute })),
      [chat],
    );
    const update = (creditLimits: object[]) =>
      admin.updateConsumer({
        consumer: { id: consumer?.id ?? '', creditLimits },
        updateMask: { paths: ['credit_limits'] },
      });
    await assert.rejects(update([chat, chat]), failsWith(Code.InvalidArgument, /each resource once/));
    assert.deepEqual((await update([])).consumer?.creditLimits, []);
  });

  it('replace it, with a grace period for the old one', async () => {
    const { admin } = service.clients();
    const { consumer, token } = await add('renewed');
    const id = consumer?.id ?? '';
    const renewed = await admin.regenerateToken({ id, gracePeriod: { seconds: 60n } });
    const until = renewed.previousTokenExpireTime;
    const { updateTime, previousTokenExpireTime } = renewed.consumer ?? {};
    assert.ok(until !== undefined && updateTime !== undefined);
    assert.equal(timestampMs(until) - timestampMs(updateTime), 60_000);
    assert.deepEqual(previousTokenExpireTime, until);
    for (const accepted of [token, renewed.token])
      assert.equal((await service.clients(accepted).auth.whoAmI({})).consumer?.id, id);
    const again = await admin.regenerateToken({ id });
    for (const refused of [token, renewed.token])
      await assert.rejects(
        service.clients(refused).auth.whoAmI({}),
        failsWith(Code.Unauthenticated, /not known/),
      );
    assert.equal((await service.clients(again.token).auth.whoAmI({})).consumer?.id, id);
    const stale = { id, etag: consumer?.etag ?? '' };
    await assert.rejects(admin.regenerateToken(stale), failsWith(Code.Aborted, /changed since/));
    const tooLong = { id, gracePeriod: { seconds: 7_776_001n } };
    await assert.rejects(admin.regenerateToken(tooLong), failsWith(Code.InvalidArgument, /gracePeriod/));
  });

  it('revoke it for good, with a reason', async () => {
    const { admin } = service.clients();
    const { consumer, token } = await add('leaky', { owner: 'leaks' });
    const id = consumer?.id ?? '';
    for (const reason of ['', '   '])
      await assert.rejects(admin.revokeConsumer({ id, reason }), failsWith(Code.InvalidArgument, /say why/));
    const revoked = await admin.revokeConsumer({ id, reason: 'leaked' });
    assert.equal(revoked.consumer?.state, ConsumerState.REVOKED);
    assert.equal(revoked.consumer?.revocationReason, 'leaked');
    assert.ok(revoked.consumer?.revokeTime);
    await assert.rejects(service.clients(token).auth.whoAmI({}), failsWith(Code.Unauthenticated, /revoked/));
    const final = failsWith(Code.FailedPrecondition, /revoked for good/);
    await assert.rejects(admin.regenerateToken({ id }), final);
    const enable = { consumer: { id, state: ConsumerState.ACTIVE }, updateMask: { paths: ['state'] } };
    await assert.rejects(admin.updateConsumer(enable), final);
  });

  it('list consumers without those that are disabled', async () => {
    const { admin } = service.clients();
    const owner = 'listed';
    const on = await add('on', { owner });
    const off = await add('off', { owner, state: ConsumerState.DISABLED });
    const gone = await add('gone', { owner });
    await admin.revokeConsumer({ id: gone.consumer?.id ?? '', reason: 'done' });
    const names = async (filter: object) =>
      (await admin.listConsumers({ owner, ...filter })).consumers.map(({ name }) => name);
    assert.deepEqual(await names({}), ['on', 'off', 'gone']);
    assert.deepEqual(await names({ excludeDisabled: true }), ['on', 'gone']);
    assert.deepEqual(await names({ state: ConsumerState.REVOKED }), ['gone']);
    const neither = { excludeDisabled: true, state: ConsumerState.DISABLED };
    await assert.rejects(names(neither), failsWith(Code.InvalidArgument, /leave it out/));
    assert.notEqual(on.consumer?.id, off.consumer?.id);
  });
});
