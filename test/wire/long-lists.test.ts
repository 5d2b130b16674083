import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callJson, refused } from './json-call.ts';
import { type Served, serve } from './served.ts';

const list = <T>(length: number, item: (i: number) => T): readonly T[] =>
  Array.from({ length }, (_, i) => item(i));
const seconds = (i: number) => `${i + 1}s`;

describe('a list much longer than allowed', () => {
  let served: Served;
  before(async () => {
    served = await serve();
  });
  after(() => served.close());

  /** Only the list itself is told: its items are all different and right. */
  const isRefused = async (method: string, body: object, field: string) => {
    const error = refused(await callJson(served, `AdminService/${method}`, body), 400, 'INVALID_FIELD');
    assert.deepEqual(error.fields, [field]);
  };

  it('of budgets is refused by its name', async () => {
    const budgets = list(50_000, (i) => ({ limit: '1', window: seconds(i) }));
    await isRefused('CreateKey', { key: { tierId: 't', value: 'upstream-value-1', budgets } }, 'key.budgets');
  });

  it('of limits is refused by its name', async () => {
    const limits = list(50_000, (i) => ({ limit: 1, window: seconds(i) }));
    const tier = { id: 't', features: [{ name: 'a', limits }] };
    await isRefused('CreateTier', { tier }, 'tier.features[0].limits');
  });

  it('of features is refused by its name', async () => {
    const tier = { id: 't', features: list(50_000, (i) => ({ name: `feature-${i}` })) };
    await isRefused('CreateTier', { tier }, 'tier.features');
  });

  it('of scopes or addresses is refused by its name', async () => {
    const scopes = list(50_000, (i) => `scope-${i}`);
    await isRefused('CreateConsumer', { consumer: { name: 'c', scopes } }, 'consumer.scopes');
    const allowedIps = list(50_000, (i) => `10.0.${i >> 8}.${i & 255}`);
    await isRefused('CreateConsumer', { consumer: { name: 'c', allowedIps } }, 'consumer.allowedIps');
  });

  it('of limits of resources is refused by its name', async () => {
    const creditLimits = list(50_000, (i) => ({ resource: `/r${i}`, creditsPerMinute: 1 }));
    await isRefused('CreateConsumer', { consumer: { name: 'c', creditLimits } }, 'consumer.creditLimits');
  });

  it('of keys is refused by its name', async () => {
    const keys = list(50_000, (i) => ({ tierId: 't', value: `upstream-value-${i}` }));
    await isRefused('BatchCreateKeys', { keys }, 'keys');
  });

  it('of pairs is refused by its name', async () => {
    const pairs = Object.fromEntries(list(50_000, (i) => [`name-${i}`, 'x']));
    const key = { tierId: 't', value: 'upstream-value-1' };
    await isRefused('CreateKey', { key: { ...key, secrets: pairs } }, 'key.secrets');
    await isRefused('CreateKey', { key: { ...key, metadata: pairs } }, 'key.metadata');
  });
});

describe('an update that names fields of a thing that is not there', () => {
  it('is refused for the missing thing alone', async () => {
    await using served = await serve();
    for (const [method, updateMask, field] of [
      ['UpdateTier', 'features', 'tier'],
      ['UpdateKey', 'value,state', 'key'],
      ['UpdateConsumer', 'name,state', 'consumer'],
    ] as const) {
      const answer = await callJson(served, `AdminService/${method}`, { updateMask });
      assert.deepEqual(refused(answer, 400, 'INVALID_FIELD').fields, [field]);
    }
  });
});
