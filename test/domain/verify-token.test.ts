import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewConsumer } from '../../src/domain/consumer-fields.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { type Verified, type VerifyTokenInput, verifyToken } from '../../src/domain/verify-token.ts';
import { newConsumer } from './examples.ts';
import { callOf, type Domain, openDomain } from './open-domain.ts';
import { contextOver } from './open-pool.ts';
import { refused, refusedFields } from './refusals.ts';

const ADDRESS = '192.0.2.7';

async function open(t: Parameters<typeof openDomain>[0], parts: Partial<NewConsumer> = {}) {
  const domain = await openDomain(t);
  const { context, root } = domain;
  const backend = await createConsumer(context, root, {
    consumer: newConsumer({ scopes: ['tokens.verify'] }),
  });
  const { consumer, token } = await createConsumer(context, root, { consumer: newConsumer(parts) });
  const call = callOf(backend.consumer);
  const verify = (input: Partial<VerifyTokenInput> = {}, of = context): Promise<Verified> =>
    verifyToken(of, call, {
      token,
      requiredScopes: [],
      ipAddress: ADDRESS,
      cost: 1,
      resource: '',
      requestId: null,
      ...input,
    });
  return { ...domain, backend: call, consumer, token, verify };
}

const codeOf = async (verifying: Promise<Verified>) => (await verifying).code;

const eventsOf = async ({ context }: Domain, consumerId: string) => {
  const { items } = await context.store.listUsageEvents({ consumerId }, { after: null, limit: 100 });
  return items.map(({ kind, units, requestId, peerAddress }) => ({ kind, units, requestId, peerAddress }));
};

describe('verifying a token', () => {
  it('tells whose it is, charges it and writes it down', async (t) => {
    const domain = await open(t, { creditsPerMinute: 10 });
    const verified = await domain.verify({ cost: 3, resource: '/chat' });
    assert.equal(verified.code, 'valid');
    assert.ok('credits' in verified && verified.client.kind === 'consumer');
    assert.equal(verified.client.consumer.id, domain.consumer.id);
    const { standing } = verified.credits;
    assert.deepEqual([standing?.limit, standing?.cost, standing?.remaining], [10, 3, 7]);
    assert.deepEqual(await eventsOf(domain, domain.consumer.id), [
      { kind: 'verify', units: 3, requestId: 'request-1', peerAddress: ADDRESS },
    ]);
  });

  it('writes it down as well where nothing limits it, or nothing is charged', async (t) => {
    const domain = await open(t);
    assert.equal(await codeOf(domain.verify()), 'valid');
    assert.equal(await codeOf(domain.verify({ cost: 0 })), 'valid');
    const units = (await eventsOf(domain, domain.consumer.id)).map((event) => event.units);
    assert.deepEqual(units, [0, 1]);
  });

  it('charges nothing where too few credits are left, and tells when there are enough', async (t) => {
    const domain = await open(t, { creditsPerMinute: 10 });
    await domain.verify({ cost: 8 });
    const refusal = await domain.verify({ cost: 3 });
    assert.ok(refusal.code === 'credits_exhausted');
    assert.deepEqual([refusal.credits.standing?.cost, refusal.credits.standing?.remaining], [3, 2]);
    const { nextAt } = refusal.credits;
    assert.ok(nextAt !== null);
    assert.equal((await eventsOf(domain, domain.consumer.id)).length, 1);
    domain.clock.advance(nextAt - domain.context.store.now());
    assert.equal(await codeOf(domain.verify({ cost: 3 })), 'valid');
  });

  it('tells that waiting does not help where a call costs more than the limit', async (t) => {
    const domain = await open(t, { creditsPerMinute: 10 });
    const refusal = await domain.verify({ cost: 11 });
    assert.ok(refusal.code === 'credits_exhausted');
    assert.equal(refusal.credits.nextAt, null);
  });

  it('holds a consumer to its limit of one resource, within that of all', async (t) => {
    const creditLimits = [{ resource: '/chat', creditsPerMinute: 2 }];
    const domain = await open(t, { creditsPerMinute: 3, creditLimits });
    const codes = [];
    for (const resource of ['/chat', '/chat', '/chat', '/other', '/other'])
      codes.push(await codeOf(domain.verify({ resource })));
    assert.deepEqual(codes, ['valid', 'valid', 'credits_exhausted', 'valid', 'credits_exhausted']);
  });

  it('charges once for all retries of one request', async (t) => {
    const domain = await open(t, { creditsPerMinute: 10 });
    const first = await domain.verify({ requestId: 'mine', cost: 4 });
    const again = await domain.verify({ requestId: 'mine', cost: 4 });
    assert.deepEqual(again, first);
    await refused(domain.verify({ requestId: 'mine', cost: 5 }), 'REQUEST_ID_REUSED');
    await refused(domain.verify({ requestId: 'mine', cost: 4, resource: '/x' }), 'REQUEST_ID_REUSED');
    const other = await domain.verify({ requestId: 'other', cost: 4 });
    assert.ok('credits' in other);
    assert.equal(other.credits.standing?.remaining, 2);
    assert.equal((await eventsOf(domain, domain.consumer.id)).length, 2);
  });

  it('is for callers with the scope tokens.verify, and for root', async (t) => {
    const domain = await open(t);
    const input = {
      token: domain.token,
      requiredScopes: [],
      ipAddress: '',
      cost: 1,
      resource: '',
      requestId: null,
    };
    await refused(verifyToken(domain.context, callOf(domain.consumer), input), 'SCOPE_REQUIRED');
    assert.equal(await codeOf(verifyToken(domain.context, domain.root, input)), 'valid');
  });
});

describe('what speaks against a token', () => {
  it('is told in place of its consumer, and costs it nothing', async (t) => {
    const domain = await open(t, { allowedIps: ['10.0.0.0/8'], creditsPerMinute: 10 });
    const { context, root, consumer } = domain;
    const input = { id: consumer.id, etag: null };
    assert.deepEqual(await domain.verify(), { code: 'ip_not_allowed' });
    assert.deepEqual(await domain.verify({ ipAddress: '' }), { code: 'ip_not_allowed' });
    assert.deepEqual(await domain.verify({ token: `${domain.token}x` }), { code: 'not_found' });
    assert.deepEqual(await domain.verify({ token: domain.rootToken }), { code: 'not_found' });
    assert.deepEqual(await domain.verify({ token: 'x'.repeat(1_000_000) }), { code: 'not_found' });
    const expireAt = context.store.now() + 1;
    await updateConsumer(context, root, { ...input, changes: { allowedIps: [], expireAt } });
    assert.equal(await codeOf(domain.verify()), 'valid');
    domain.clock.advance(1);
    assert.deepEqual(await domain.verify(), { code: 'expired' });
    await updateConsumer(context, root, { ...input, changes: { expireAt: null, state: 'disabled' } });
    assert.deepEqual(await domain.verify(), { code: 'disabled' });
    await revokeConsumer(context, root, { id: consumer.id, reason: 'leaked' });
    assert.deepEqual(await domain.verify(), { code: 'revoked' });
    assert.equal((await eventsOf(domain, consumer.id)).length, 1);
  });

  it('is a scope that it lacks, to the letter', async (t) => {
    const domain = await open(t, { scopes: ['chat', 'files.read'] });
    assert.equal(await codeOf(domain.verify({ requiredScopes: ['files.read', 'chat'] })), 'valid');
    for (const scope of ['cha', 'chat.write', 'files', 'files.', '*'])
      assert.equal(await codeOf(domain.verify({ requiredScopes: ['chat', scope] })), 'insufficient_scope');
  });

  it('is not an address that cannot be read: that is the fault of who asks', async (t) => {
    const domain = await open(t);
    for (const ipAddress of ['somewhere', '10.0.0.1/8', '010.0.0.1', ' '])
      assert.deepEqual(await refusedFields(domain.verify({ ipAddress })), ['ipAddress']);
    assert.equal(await codeOf(domain.verify({ ipAddress: 'fe80::1%eth0' })), 'valid');
  });

  it('is looked for again when a charge took long', async (t) => {
    const domain = await open(t, { creditsPerMinute: 10, scopes: ['chat'] });
    const { context, clock, root, consumer } = domain;
    const slowly = (meanwhile: () => Promise<unknown>) =>
      contextOver(t, context, {
        chargeRound: async (charges) => {
          const results = await context.store.chargeRound(charges);
          clock.advance(1500);
          await meanwhile();
          return results;
        },
      });
    const input = { requiredScopes: ['chat'] };
    assert.equal(
      await codeOf(
        domain.verify(
          input,
          slowly(async () => {}),
        ),
      ),
      'valid',
    );
    const edit = { id: consumer.id, etag: null, changes: { scopes: ['other'] } };
    const edited = slowly(() => updateConsumer(context, root, edit));
    assert.equal(await codeOf(domain.verify(input, edited)), 'insufficient_scope');
    const revoked = slowly(() => revokeConsumer(context, root, { id: consumer.id, reason: 'leaked' }));
    assert.deepEqual(await domain.verify({}, revoked), { code: 'revoked' });
  });
});

it('a token is not verified while the store is out of reach and it is not known', async (t) => {
  const domain = await open(t);
  await domain.context.store.close();
  await refused(domain.verify(), 'STORE_UNAVAILABLE');
});
