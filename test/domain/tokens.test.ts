import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authenticate } from '../../src/domain/authenticate.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { etagOf } from '../../src/domain/etag.ts';
import { getConsumer } from '../../src/domain/get-consumer.ts';
import { regenerateToken } from '../../src/domain/regenerate-token.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { isWellFormedToken, tokenHash } from '../../src/model/token.ts';
import { newConsumer } from './examples.ts';
import { type Domain, openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

const DAY_MS = 86_400_000;

function add({ context, root }: Domain, parts: Parameters<typeof newConsumer>[0] = {}) {
  return createConsumer(context, root, { consumer: newConsumer(parts) });
}

async function idOf({ context }: Domain, token: string): Promise<string | null> {
  const identity = await authenticate(context, { token, peerAddress: '192.0.2.1' });
  return identity.kind === 'consumer' ? identity.consumer.id : null;
}

describe('a new consumer', () => {
  it('may access the API for 365 days unless something else is said', async (t) => {
    const domain = await openDomain(t);
    const now = domain.context.store.now();
    const { expireAt: _never, ...unsaid } = newConsumer();
    const { consumer } = await createConsumer(domain.context, domain.root, { consumer: unsaid });
    assert.deepEqual([consumer.scopes, consumer.expireAt], [['api:access'], now + 365 * DAY_MS]);
    const other = await add(domain, { scopes: ['mine'], expireAt: null });
    assert.deepEqual([other.consumer.scopes, other.consumer.expireAt], [['mine'], null]);
  });

  it('has limits for single resources, each named once', async (t) => {
    const domain = await openDomain(t);
    const creditLimits = [
      { resource: '/chat', creditsPerMinute: 10 },
      { resource: '/images', creditsPerMinute: 2 },
    ];
    const { consumer } = await add(domain, { creditLimits });
    assert.deepEqual(consumer.creditLimits, creditLimits);
    const refusal = add(domain, {
      creditLimits: [
        ...creditLimits,
        { resource: '/chat', creditsPerMinute: 0 },
        { resource: '', creditsPerMinute: 1 },
      ],
    });
    assert.deepEqual(await refusedFields(refusal), [
      'consumer.creditLimits[2].creditsPerMinute',
      'consumer.creditLimits[3].resource',
      'consumer.creditLimits[2].resource',
    ]);
  });
});

describe('a new token for a consumer', () => {
  const regenerate = (domain: Domain, id: string, graceMs: number, etag: string | null = null) =>
    regenerateToken(domain.context, domain.root, { id, graceMs, etag });

  it('takes the place of the old one at once', async (t) => {
    const domain = await openDomain(t);
    const { consumer, token } = await add(domain, { environment: 'test', expireAt: 9e12 });
    await idOf(domain, token);
    const fresh = await regenerate(domain, consumer.id, 0);
    assert.match(fresh.token, /^kp_test_/);
    assert.ok(isWellFormedToken(fresh.token) && fresh.token !== token);
    assert.equal(fresh.previousExpireAt, domain.context.store.now());
    assert.deepEqual(fresh.consumer, {
      ...consumer,
      tokenHash: tokenHash(fresh.token),
      version: 2,
      updatedAt: domain.context.store.now(),
    });
    await refused(idOf(domain, token), 'TOKEN_INVALID');
    assert.equal(await idOf(domain, fresh.token), consumer.id);
  });

  it('leaves the old one its grace period, to the millisecond', async (t) => {
    const domain = await openDomain(t);
    const { consumer, token } = await add(domain);
    const fresh = await regenerate(domain, consumer.id, 60_000);
    assert.equal(fresh.previousExpireAt, domain.context.store.now() + 60_000);
    domain.clock.advance(59_999);
    assert.equal(await idOf(domain, token), consumer.id);
    assert.equal(await idOf(domain, fresh.token), consumer.id);
    domain.clock.advance(1);
    await refused(idOf(domain, token), 'TOKEN_INVALID');
    assert.equal(await idOf(domain, fresh.token), consumer.id);
  });

  it('ends the grace period of a token before the old one', async (t) => {
    const domain = await openDomain(t);
    const { consumer, token } = await add(domain);
    const second = await regenerate(domain, consumer.id, DAY_MS);
    const third = await regenerate(domain, consumer.id, DAY_MS);
    await refused(idOf(domain, token), 'TOKEN_INVALID');
    assert.equal(await idOf(domain, second.token), consumer.id);
    assert.equal(await idOf(domain, third.token), consumer.id);
  });

  it('is not made twice by a call that is sent again with its etag', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    const { token } = await regenerate(domain, consumer.id, 0, etagOf(consumer.version));
    await refused(regenerate(domain, consumer.id, 0, etagOf(consumer.version)), 'ETAG_MISMATCH');
    assert.equal(await idOf(domain, token), consumer.id);
  });

  it('stands in the audit without showing it', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    const { token } = await regenerate(domain, consumer.id, 1000);
    const { items } = await domain.context.store.listAdminEvents({}, { after: null, limit: 1 });
    assert.equal(items[0]?.action, 'RegenerateToken');
    assert.deepEqual(
      items[0]?.changes.map(({ field }) => field),
      ['token', 'previous_token_expire_time'],
    );
    assert.ok(!JSON.stringify(items).includes(token));
  });

  it('is refused for nobody, for a revoked consumer, and with a grace period out of bounds', async (t) => {
    const domain = await openDomain(t);
    await refused(regenerate(domain, 'none', 0), 'CONSUMER_NOT_FOUND');
    const { consumer } = await add(domain);
    for (const graceMs of [-1, 90 * DAY_MS + 1, 0.5])
      assert.deepEqual(await refusedFields(regenerate(domain, consumer.id, graceMs)), ['gracePeriod']);
    await revokeConsumer(domain.context, domain.root, { id: consumer.id, reason: 'leaked' });
    await refused(regenerate(domain, consumer.id, 0), 'CONSUMER_REVOKED');
  });
});

describe('revoking a consumer', () => {
  const revoke = ({ context, root }: Domain, id: string, reason: string) =>
    revokeConsumer(context, root, { id, reason });

  it('refuses its tokens from then on, and keeps why', async (t) => {
    const domain = await openDomain(t);
    const { consumer, token } = await add(domain);
    const fresh = await regenerateToken(domain.context, domain.root, {
      id: consumer.id,
      graceMs: DAY_MS,
      etag: null,
    });
    domain.clock.advance(1000);
    const revoked = await revoke(domain, consumer.id, 'found in a public repository');
    assert.deepEqual(
      [revoked.state, revoked.revocation],
      ['revoked', { reason: 'found in a public repository', at: domain.context.store.now() }],
    );
    assert.deepEqual(await getConsumer(domain.context, domain.root, { id: consumer.id }), revoked);
    for (const refusedToken of [token, fresh.token]) {
      const error = await refused(idOf(domain, refusedToken), 'TOKEN_REVOKED');
      assert.doesNotMatch(error.message, /public repository/);
    }
  });

  it('is final, and done once', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    const revoked = await revoke(domain, consumer.id, 'first');
    assert.deepEqual(await revoke(domain, consumer.id, 'second'), revoked);
    for (const state of ['active', 'disabled'] as const) {
      const update = { id: consumer.id, etag: null, changes: { state } };
      await refused(updateConsumer(domain.context, domain.root, update), 'CONSUMER_REVOKED');
    }
    const { items } = await domain.context.store.listAdminEvents({}, { after: null, limit: 10 });
    assert.deepEqual(
      items.map(({ action }) => action),
      ['RevokeConsumer', 'CreateConsumer'],
    );
    assert.deepEqual(
      items[0]?.changes.map(({ field }) => field),
      ['state', 'revocation_reason'],
    );
  });

  it('needs a reason and somebody', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    for (const reason of ['', '  ', 'a\nb', 'x'.repeat(501)])
      assert.deepEqual(
        await refusedFields(revoke(domain, consumer.id, reason)).then(([field]) => field),
        'reason',
      );
    await refused(revoke(domain, 'none', 'gone'), 'CONSUMER_NOT_FOUND');
  });
});
