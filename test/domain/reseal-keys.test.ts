import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { resealKeys } from '../../src/domain/reseal-keys.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { openSealing } from '../../src/domain/start-check.ts';
import { createSealer, sealingKeyId, sealingKeyIdOf } from '../../src/model/sealing.ts';
import { newConsumer, newKey, newTier } from './examples.ts';
import { callOf, type Domain, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

const OLD = randomBytes(32);
const NEW = randomBytes(32);

/** A domain whose store was sealed with `before` and is now opened with `current`. */
async function reopened(t: TestContext, before: Uint8Array | null, keys: number): Promise<Domain> {
  const domain = await openDomain(t);
  const { store } = domain.context;
  for (const [name, text] of await store.listMeta('')) await store.deleteMeta(name, text);
  const sealer = createSealer(before, [], randomBytes);
  await openSealing(store, sealer, randomBytes);
  const old = { ...domain.context, sealer };
  await createTier(old, domain.root, newTier());
  for (let i = 0; i < keys; i += 1)
    await createKey(old, domain.root, {
      tierId: 'basic',
      key: newKey({ value: `the value ${i}`, secrets: { password: `secret ${i}` } }),
    });
  const after = createSealer(NEW, before === null ? [] : [before], randomBytes);
  await openSealing(store, after, randomBytes);
  return { ...domain, context: { ...domain.context, sealer: after } };
}

async function sealedWith({ context }: Domain): Promise<ReadonlySet<string | null>> {
  const { items } = await context.store.listSealedKeys({ after: null, limit: 1000 });
  const texts = items.flatMap(({ value, secrets }) => [value, ...Object.values(secrets)]);
  return new Set(texts.map(sealingKeyIdOf));
}

describe('resealing', () => {
  for (const [from, before] of [
    ['a retired key', OLD],
    ['plain text', null],
  ] as const)
    it(`brings all from ${from} under the current key, and says when that is done`, async (t) => {
      const domain = await reopened(t, before, 5);
      const { context, root } = domain;
      const done = await resealKeys(context, root, { pageToken: '' });
      assert.deepEqual(done, {
        sealingKeyId: sealingKeyId(NEW),
        checked: 5,
        resealed: 5,
        broken: 0,
        released: before === null ? [] : [sealingKeyId(before)],
        next: null,
      });
      assert.deepEqual(await sealedWith(domain), new Set([sealingKeyId(NEW)]));
      const again = await resealKeys(context, root, { pageToken: '' });
      assert.deepEqual([again.checked, again.resealed, again.released], [5, 0, []]);
      // The fingerprints' key too: a start needs nothing but the new one.
      const fingerprintKey = await openSealing(
        context.store,
        createSealer(NEW, [], randomBytes),
        randomBytes,
      );
      assert.equal(fingerprintKey.length, 32);
      const { items } = await context.store.listSealedKeys({ after: null, limit: 1 });
      const opened = createSealer(NEW, [], randomBytes).open(items[0]?.value ?? '', {
        table: 'keys',
        row: items[0]?.id ?? '',
        field: 'value',
      });
      assert.equal(opened, 'the value 0');
    });

  it('leaves a key that does not open, and then the old key is still needed', async (t) => {
    const domain = await reopened(t, OLD, 3);
    const { context, root } = domain;
    const { items } = await context.store.listSealedKeys({ after: null, limit: 1 });
    const [from] = items;
    assert.ok(from);
    // Moved from elsewhere: sealed with the right key for another row.
    const value = createSealer(OLD, [], randomBytes).seal('x', {
      table: 'keys',
      row: 'other',
      field: 'value',
    });
    await context.store.resealKeys([{ from, to: { value, secrets: from.secrets } }]);
    const done = await resealKeys(context, root, { pageToken: '' });
    assert.deepEqual([done.resealed, done.broken, done.released], [2, 1, []]);
    await refused(openSealing(context.store, createSealer(NEW, [], randomBytes), randomBytes), 'SEAL_BROKEN');
  });

  it('goes on where the call before ended', async (t) => {
    const domain = await reopened(t, OLD, 4);
    const { context, root } = domain;
    const page = await context.store.listSealedKeys({ after: null, limit: 3 });
    const done = await resealKeys(context, root, { pageToken: page.next ?? '' });
    assert.deepEqual([done.checked, done.resealed, done.released], [1, 1, []]);
    await refused(resealKeys(context, root, { pageToken: 'foreign' }), 'INVALID_FIELD');
  });

  it('is one of the heavy calls, and stands in the audit', async (t) => {
    const { context, root } = await reopened(t, OLD, 1);
    let asked = 0;
    const heavyCalls: typeof context.heavyCalls = {
      run: (signal, work) => {
        asked += 1;
        return context.heavyCalls.run(signal, work);
      },
    };
    await resealKeys({ ...context, heavyCalls }, root, { pageToken: '' });
    assert.equal(asked, 1);
    const { items } = await context.store.listAdminEvents({}, { after: null, limit: 1 });
    assert.deepEqual(
      [items[0]?.action, items[0]?.resourceType, items[0]?.resourceId],
      ['ResealKeys', 'sealing_key', sealingKeyId(NEW)],
    );
  });

  it('ends for an admin whose token is withdrawn meanwhile', async (t) => {
    const domain = await reopened(t, OLD, 2);
    const { context, root } = domain;
    const { consumer } = await createConsumer(context, root, {
      consumer: newConsumer({ scopes: ['admin'] }),
    });
    const revoke = () => revokeConsumer(context, root, { id: consumer.id, reason: 'left' });
    const heavyCalls: typeof context.heavyCalls = {
      run: async (_signal, work) => {
        await revoke();
        return work();
      },
    };
    await refused(
      resealKeys({ ...context, heavyCalls }, callOf(consumer), { pageToken: '' }),
      'TOKEN_REVOKED',
    );
    assert.deepEqual(await sealedWith(domain), new Set([sealingKeyId(OLD)]));
  });

  it('is refused to others than admins, and without an encryption key', async (t) => {
    const { context, root } = await reopened(t, OLD, 1);
    const off = { ...context, sealer: createSealer(null, [OLD], randomBytes) };
    await refused(resealKeys(off, root, { pageToken: '' }), 'ENCRYPTION_OFF');
    const { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
    await refused(resealKeys(context, callOf(consumer), { pageToken: '' }), 'ADMIN_REQUIRED');
  });
});
