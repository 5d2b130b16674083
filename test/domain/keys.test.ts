import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteKey } from '../../src/domain/delete-key.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { getKey } from '../../src/domain/get-key.ts';
import type { KeyFields, NewKey } from '../../src/domain/key-fields.ts';
import { listKeys } from '../../src/domain/list-keys.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { newKey, newTier } from './examples.ts';
import { type Domain, openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

const DRAW = { feature: 'scrape', units: 1, tierId: null, requestId: null };
const NO_FILTER = { pageSize: 0, pageToken: '', filter: {} };

async function openTier(t: Parameters<typeof openDomain>[0]): Promise<Domain> {
  const domain = await openDomain(t);
  await createTier(domain.context, domain.root, newTier());
  return domain;
}

function add({ context, root }: Domain, parts: Partial<NewKey> = {}) {
  return createKey(context, root, { tierId: 'basic', key: newKey(parts) });
}

function update({ context, root }: Domain, id: string, changes: KeyFields, etag: string | null = null) {
  return updateKey(context, root, { id, etag, changes });
}

describe('a key', () => {
  it('is created ready, shows the end of its value, and can be drawn', async (t) => {
    const domain = await openTier(t);
    const { context, root } = domain;
    const secrets = { b: 'bound-secret-b', a: 'bound-secret-a' };
    const key = await add(domain, { value: 'upstream-value-wxyz', secrets, metadata: { region: 'eu' } });
    assert.deepEqual([key.condition, key.valueHint, key.lastDrawnAt], ['ready', 'wxyz', null]);
    assert.deepEqual(key.secretNames, ['a', 'b']);
    assert.deepEqual(await getKey(context, root, { id: key.id }), key);
    const drawn = await drawKey(context, root, DRAW);
    assert.deepEqual([drawn.value, drawn.secrets], ['upstream-value-wxyz', secrets]);
    assert.equal((await getKey(context, root, { id: key.id })).lastDrawnAt, context.store.now());
  });

  it('shows nothing of a short value', async (t) => {
    const domain = await openTier(t);
    assert.equal((await add(domain, { value: 'elevenchars' })).valueHint, '');
    assert.equal((await add(domain, { value: 'twelve-chars' })).valueHint, 'hars');
  });

  it('is kept sealed: neither its value nor a secret stands in its row', async (t) => {
    const domain = await openTier(t);
    const { id } = await add(domain, { value: 'upstream-value-open', secrets: { s: 'bound-secret' } });
    const row = await domain.context.store.getKey(id);
    assert.match(row?.value ?? '', /^enc:gcm:/);
    assert.doesNotMatch(JSON.stringify(row), /upstream-value-open|bound-secret/);
  });

  it('needs a tier, and a value that its tier does not have', async (t) => {
    const domain = await openTier(t);
    const { context, root } = domain;
    await refused(createKey(context, root, { tierId: 'none', key: newKey() }), 'TIER_NOT_FOUND');
    await add(domain, { value: 'upstream-value-same' });
    const error = await refused(add(domain, { value: 'upstream-value-same' }), 'KEY_EXISTS');
    assert.deepEqual(error.metadata, { tier_id: 'basic', index: '0' });
    await createTier(context, root, newTier({ id: 'other' }));
    const elsewhere = newKey({ value: 'upstream-value-same' });
    await createKey(context, root, { tierId: 'other', key: elsewhere });
    const second = await add(domain);
    await refused(update(domain, second.id, { value: 'upstream-value-same' }), 'KEY_EXISTS');
  });

  it('is refused with every bad field at once, and what looks sealed is bad', async (t) => {
    const domain = await openTier(t);
    const fields = await refusedFields(
      add(domain, {
        name: 'two\nlines',
        value: 'enc:gcm:00000000:AAAA',
        secrets: { 'no name!': 'x', sealed: 'enc:gcm:', empty: '', ['__proto__']: 'x' },
        metadata: { '': 'x', long: 'x'.repeat(1025) },
        stateReason: 'x'.repeat(501),
        expireAt: -1,
        budgets: [
          { limit: 0, windowMs: null },
          { limit: 1, windowMs: 999 },
          { limit: 2, windowMs: null },
        ],
      }),
    );
    assert.deepEqual(fields, [
      'key.name',
      'key.value',
      'key.secrets["no name!"]',
      'key.secrets["sealed"]',
      'key.secrets["empty"]',
      'key.secrets["__proto__"]',
      'key.metadata[""]',
      'key.metadata["long"]',
      'key.stateReason',
      'key.expireTime',
      'key.budgets[0].limit',
      'key.budgets[1].window',
      'key.budgets[2]',
    ]);
    assert.deepEqual(await refusedFields(add(domain, { value: '' })), ['key.value']);
    assert.deepEqual(await refusedFields(add(domain, { value: 'ü'.repeat(8193) })), ['key.value']);
  });

  it('takes a new value that the next draw hands out; the same one again changes nothing', async (t) => {
    const domain = await openTier(t);
    const created = await add(domain, { value: 'upstream-value-first' });
    const changed = await update(domain, created.id, { value: 'upstream-value-next' });
    assert.equal(changed.valueHint, 'next');
    assert.notEqual(changed.etag, created.etag);
    assert.equal((await update(domain, created.id, { value: 'upstream-value-next' })).etag, changed.etag);
    assert.equal((await drawKey(domain.context, domain.root, DRAW)).value, 'upstream-value-next');
    await add(domain, { value: 'upstream-value-first' });
  });

  it('takes other secrets; the same ones again change nothing', async (t) => {
    const domain = await openTier(t);
    const created = await add(domain, { secrets: { a: 'bound-secret-1' } });
    const changed = await update(domain, created.id, { secrets: { a: 'bound-secret-2', b: 'x' } });
    assert.deepEqual(changed.secretNames, ['a', 'b']);
    const again = { secrets: { b: 'x', a: 'bound-secret-2' } };
    assert.equal((await update(domain, created.id, again)).etag, changed.etag);
    assert.deepEqual((await drawKey(domain.context, domain.root, DRAW)).secrets, again.secrets);
    assert.deepEqual((await update(domain, created.id, { secrets: {} })).secretNames, []);
  });

  it('is not drawn while disabled, and comes back; a note goes with the state it explains', async (t) => {
    const domain = await openTier(t);
    const { context, root } = domain;
    const { id } = await add(domain);
    const disabled = await update(domain, id, { state: 'disabled', stateReason: 'unpaid' });
    assert.deepEqual([disabled.condition, disabled.stateReason], ['disabled', 'unpaid']);
    await refused(drawKey(context, root, DRAW), 'POOL_EMPTY');
    assert.equal((await update(domain, id, { name: 'renamed' })).stateReason, 'unpaid');
    const active = await update(domain, id, { state: 'active' });
    assert.deepEqual([active.condition, active.stateReason], ['ready', '']);
    await drawKey(context, root, DRAW);
  });

  it('comes back from a quarantine when an admin sets it active', async (t) => {
    const domain = await openTier(t);
    const { id } = await add(domain);
    const { store } = domain.context;
    const sealed = (await store.getKey(id))?.value ?? assert.fail('the key is there');
    await store.quarantineKey(id, sealed, 'it failed too often');
    const quarantined = await getKey(domain.context, domain.root, { id });
    assert.deepEqual(
      [quarantined.condition, quarantined.stateReason],
      ['quarantined', 'it failed too often'],
    );
    const active = await update(domain, id, { state: 'active' });
    assert.deepEqual([active.condition, active.stateReason], ['ready', '']);
  });

  it('expires at its moment, and lives on when that is moved or taken away', async (t) => {
    const domain = await openTier(t);
    const { context, root, clock } = domain;
    const { id } = await add(domain, { expireAt: context.store.now() + 1000 });
    clock.advance(1000);
    assert.equal((await getKey(context, root, { id })).condition, 'expired');
    await refused(drawKey(context, root, DRAW), 'POOL_EMPTY');
    assert.equal((await update(domain, id, { expireAt: null })).condition, 'ready');
    await drawKey(context, root, DRAW);
  });

  it('refuses a change or a delete with an etag that is no longer its own; draws leave the etag', async (t) => {
    const domain = await openTier(t);
    const { context, root } = domain;
    const { id, etag } = await add(domain);
    await drawKey(context, root, DRAW);
    await update(domain, id, { name: 'second' }, etag);
    await refused(update(domain, id, { name: 'third' }, etag), 'ETAG_MISMATCH');
    await refused(deleteKey(context, root, { id, etag }), 'ETAG_MISMATCH');
    await deleteKey(context, root, { id, etag: null });
    await refused(getKey(context, root, { id }), 'KEY_NOT_FOUND');
    await refused(update(domain, id, { name: 'gone' }), 'KEY_NOT_FOUND');
    await refused(deleteKey(context, root, { id, etag: null }), 'KEY_NOT_FOUND');
  });

  it('is listed in the order of creation, by tier and state', async (t) => {
    const domain = await openTier(t);
    const { context, root } = domain;
    await createTier(context, root, newTier({ id: 'other' }));
    const first = await add(domain);
    const second = await add(domain, { state: 'disabled' });
    const third = await createKey(context, root, { tierId: 'other', key: newKey() });
    const idsOf = async (filter: Parameters<typeof listKeys>[2]['filter']) =>
      (await listKeys(context, root, { ...NO_FILTER, filter })).items.map(({ id }) => id);
    assert.deepEqual(await idsOf({}), [first.id, second.id, third.id]);
    assert.deepEqual(await idsOf({ tierId: 'basic' }), [first.id, second.id]);
    assert.deepEqual(await idsOf({ tierId: 'basic', state: 'disabled' }), [second.id]);
  });
});
