import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callJson, refused } from './json-call.ts';
import { addPool, serve } from './served.ts';

describe('a pool at a glance over the wire', () => {
  it('is imported, ordered, moved and told in the status, as JSON', async () => {
    await using served = await serve();
    const { tierId, feature } = await addPool(served);
    const ask = async (method: string, request: object) => {
      const { status, body } = await callJson(served, `AdminService/${method}`, request);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    await ask('CreateTier', { tier: { id: 'other', features: [{ name: feature }] } });
    const text = 'name,value,budget_limit\none,upstream-value-1,5\ntwo,upstream-value-2,7\n';
    const format = 'IMPORT_FORMAT_CSV';
    const dry = await ask('ImportKeys', { tierId, format, content: text, dryRun: true });
    assert.deepEqual([dry.importedCount, dry.keys, dry.problems], [2, undefined, undefined]);
    assert.equal((await ask('ImportKeys', { tierId, format, content: text })).importedCount, 2);
    const again = await ask('ImportKeys', { tierId, format, content: text });
    assert.deepEqual([again.importedCount, (again.problems as object[]).length], [undefined, 2]);
    assert.doesNotMatch(JSON.stringify([again, served.log]), /upstream-value-\d/);

    const listed = await ask('ListKeys', { tierId, orderBy: 'KEY_ORDER_REMAINING' });
    const keys = listed.keys as { readonly id: string; readonly name: string }[];
    assert.deepEqual(
      keys.map(({ name }) => name),
      ['one', 'two', 'k'],
    );
    const ids = keys.slice(0, 2).map(({ id }) => id);
    const moved = await ask('BatchUpdateKeys', { ids, tierId: 'other' });
    assert.deepEqual(
      (moved.results as { readonly key: { readonly tierId: string } }[]).map(({ key }) => key.tierId),
      ['other', 'other'],
    );
    const { tiers } = await ask('GetStatus', { tierId: 'other' });
    assert.deepEqual(tiers, [
      {
        tierId: 'other',
        keys: 2,
        states: [{ state: 'KEY_STATE_ACTIVE', keys: 2 }],
        conditions: [{ condition: 'KEY_CONDITION_READY', keys: 2 }],
        leastRemaining: 1,
      },
    ]);
  });

  it('is changed by admins alone', async () => {
    await using served = await serve();
    const { tierId, token } = await addPool(served);
    for (const [method, body] of [
      ['BatchUpdateKeys', { ids: ['x'], tierId }],
      ['ImportKeys', { tierId, format: 'IMPORT_FORMAT_CSV', content: 'value\nx' }],
    ] as const)
      refused(await callJson(served, `AdminService/${method}`, body, { token }), 403, 'ADMIN_REQUIRED');
  });
});
