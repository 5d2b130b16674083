import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { KeyCondition, KeyState } from '../../gen/keypool/v1/key_pb.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const EXPIRE_TIME = timestampFromMs(Date.UTC(2999, 0, 1, 0, 0, 0, 7));

const value = (name: string) => `upstream-value-${name}`;

describe('the RPCs of keys', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
    await service.clients().admin.createTier({ tier: { id: 't', features: [{ name: 'f' }] } });
  });
  after(() => service[Symbol.asyncDispose]());

  const ask = async (key: Parameters<ReturnType<InMemory['clients']>['admin']['createKey']>[0]['key']) =>
    (await service.clients().admin.createKey({ key })).key;

  it('create one and tell everything about it but value and secrets', async () => {
    const key = await ask({
      name: 'one',
      tierId: 't',
      value: value('one'),
      secrets: { b: 'upstream-value-b', a: 'upstream-value-a' },
      metadata: { region: 'eu' },
      state: KeyState.DISABLED,
      stateReason: 'not yet',
      expireTime: EXPIRE_TIME,
      budgets: [{ limit: SAFE_MAX }, { limit: 5n, window: durationFromMs(1000) }],
    });
    assert.deepEqual([key?.value, key?.secrets], ['', {}]);
    assert.deepEqual([key?.valueHint, key?.secretNames], [value('one').slice(-4), ['a', 'b']]);
    assert.deepEqual(key?.metadata, { region: 'eu' });
    assert.deepEqual([key?.state, key?.stateReason], [KeyState.DISABLED, 'not yet']);
    assert.equal(key?.condition, KeyCondition.DISABLED);
    assert.deepEqual(key?.expireTime, EXPIRE_TIME);
    assert.deepEqual(
      key?.budgets.map(({ limit, used, window }) => [limit, used, window?.seconds]),
      [
        [SAFE_MAX, 0n, undefined],
        [5n, 0n, 1n],
      ],
    );
    const { admin } = service.clients();
    assert.deepEqual((await admin.getKey({ id: key?.id ?? '' })).key, key);
  });

  it('update the fields of the mask, and clear what is absent', async () => {
    const { admin, pool } = service.clients();
    const key = await ask({ name: 'two', tierId: 't', value: value('two'), expireTime: EXPIRE_TIME });
    const id = key?.id ?? '';
    const budgets = [{ limit: 1n }];
    const { key: updated } = await admin.updateKey({
      key: { id, name: 'ignored', value: value('new'), secrets: { s: 'upstream-value-s' }, budgets },
      updateMask: { paths: ['value', 'secrets', 'expire_time', 'budgets'] },
    });
    assert.deepEqual([updated?.name, updated?.expireTime], ['two', undefined]);
    const drawn = await pool.drawKey({ feature: 'f' });
    assert.deepEqual([drawn.value, drawn.secrets], [value('new'), { s: 'upstream-value-s' }]);
    assert.equal((await admin.getKey({ id })).key?.condition, KeyCondition.EXHAUSTED);
    const { key: reset } = await admin.resetKeyUsage({ id });
    assert.deepEqual([reset?.budgets[0]?.used, reset?.condition], [0n, KeyCondition.READY]);
    await admin.deleteKey({ id });
  });

  it('create many at once, or none', async () => {
    const { admin } = service.clients();
    const keys = ['x', 'y', 'z'].map((name) => ({ name, tierId: 't', value: value(name) }));
    const created = await admin.batchCreateKeys({ keys });
    assert.deepEqual(
      created.keys.map(({ name }) => name),
      ['x', 'y', 'z'],
    );
    await assert.rejects(
      admin.batchCreateKeys({
        keys: [
          { tierId: 't', value: value('w') },
          { tierId: 't', value: value('x') },
        ],
      }),
      (error) => error instanceof ConnectError && error.code === Code.AlreadyExists,
    );
    const disabled = await admin.listKeys({ tierId: 't', state: KeyState.DISABLED });
    assert.deepEqual(
      disabled.keys.map(({ name }) => name),
      ['one'],
    );
    const active = await admin.listKeys({ tierId: 't', state: KeyState.ACTIVE, pageSize: 2 });
    assert.deepEqual(
      active.keys.map(({ name }) => name),
      ['x', 'y'],
    );
    await assert.rejects(
      admin.listKeys({ tierId: 'other', pageToken: active.nextPageToken }),
      (error) => error instanceof ConnectError && error.code === Code.InvalidArgument,
    );
  });
});
