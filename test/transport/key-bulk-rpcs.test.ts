import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { KeyOrder } from '../../gen/keypool/v1/key_messages_pb.ts';
import { KeyCondition, KeyState } from '../../gen/keypool/v1/key_pb.ts';
import { TierStatusOrder } from '../../gen/keypool/v1/status_messages_pb.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const invalid = (error: unknown) => error instanceof ConnectError && error.code === Code.InvalidArgument;

describe('what is in the pool at a glance', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
    const { admin, pool } = service.clients();
    for (const id of ['a', 'b', 'empty']) await admin.createTier({ tier: { id, features: [{ name: 'f' }] } });
    const keys = [10n, 2n, 4n].map((limit) => ({
      tierId: 'a',
      name: `of ${limit}`,
      value: `upstream-value-${limit}`,
      budgets: [{ limit }],
    }));
    await admin.batchCreateKeys({
      keys: [...keys, { tierId: 'a', name: 'free', value: 'upstream-value-free' }],
    });
    await admin.createKey({
      key: { tierId: 'b', name: 'off', value: 'upstream-value-off', state: KeyState.DISABLED },
    });
    for (let i = 0; i < 4; i++) await pool.drawKey({ feature: 'f', tierId: 'a' });
  });
  after(() => service[Symbol.asyncDispose]());

  it('is listed in the order asked for, page by page', async () => {
    const { admin } = service.clients();
    const request = { tierId: 'a', orderBy: KeyOrder.REMAINING, pageSize: 3 };
    const first = await admin.listKeys(request);
    const rest = await admin.listKeys({ ...request, pageToken: first.nextPageToken });
    assert.deepEqual(
      [...first.keys, ...rest.keys].map(({ name }) => name),
      ['of 2', 'of 4', 'of 10', 'free'],
    );
    assert.equal(rest.nextPageToken, '');
    const { keys } = await admin.listKeys({ ...request, descending: true });
    assert.deepEqual(
      keys.map(({ name }) => name),
      ['of 10', 'of 4', 'of 2'],
    );
    const other = { ...request, descending: true, pageToken: first.nextPageToken };
    await assert.rejects(admin.listKeys(other), invalid);
    await assert.rejects(admin.listKeys({ orderBy: KeyOrder.REMAINING }), invalid);
    const disabled = await admin.listKeys({ condition: KeyCondition.DISABLED });
    assert.deepEqual(
      disabled.keys.map(({ name }) => name),
      ['off'],
    );
  });

  it('is counted for each tier in the status, which orders and filters them', async () => {
    const { admin } = service.clients();
    const { tiers, tiersCapped } = await admin.getStatus({});
    assert.deepEqual(
      tiers.map(({ tierId, keys, capped }) => [tierId, keys, capped]),
      [
        ['a', 4, false],
        ['b', 1, false],
        ['empty', 0, false],
      ],
    );
    assert.equal(tiersCapped, false);
    assert.deepEqual(
      tiers[1]?.conditions.map(({ condition, keys }) => [condition, keys]),
      [[KeyCondition.DISABLED, 1]],
    );
    assert.deepEqual([tiers[0]?.leastRemaining, tiers[1]?.leastRemaining], [0.5, undefined]);
    const ids = async (request: Parameters<typeof admin.getStatus>[0]) =>
      (await admin.getStatus(request)).tiers.map(({ tierId }) => tierId);
    assert.deepEqual(await ids({ orderBy: TierStatusOrder.STATE }), ['b', 'a', 'empty']);
    assert.deepEqual(await ids({ state: KeyState.ACTIVE }), ['a']);
    assert.deepEqual(await ids({ tierId: 'empty' }), ['empty']);
    assert.deepEqual(await ids({ descending: true }), ['empty', 'b', 'a']);
  });

  it('is changed by many keys at once', async () => {
    const { admin } = service.clients();
    const { results, nextPageToken } = await admin.batchUpdateKeys({
      filter: { tierId: 'a' },
      state: KeyState.DISABLED,
      stateReason: 'moving house',
      tierId: 'b',
    });
    assert.deepEqual(
      results.map(({ key, reason }) => [key?.tierId, key?.state, key?.stateReason, reason]),
      Array.from({ length: 4 }, () => ['b', KeyState.DISABLED, 'moving house', '']),
    );
    assert.equal(nextPageToken, '');
    const { results: gone } = await admin.batchUpdateKeys({ ids: ['gone'], tierId: 'a' });
    assert.deepEqual(
      gone.map(({ id, reason, key }) => [id, reason, key]),
      [['gone', 'KEY_NOT_FOUND', undefined]],
    );
    for (const request of [
      { ids: ['x'] },
      { ids: ['x', 'x'], tierId: 'a' },
      { tierId: 'a' },
      { ids: ['x'], filter: { tierId: 'a' }, tierId: 'b' },
      { ids: ['x'], state: KeyState.QUARANTINED },
      { ids: ['x'], tierId: 'a', stateReason: 'why' },
    ])
      await assert.rejects(admin.batchUpdateKeys(request), invalid, JSON.stringify(request));
  });
});
