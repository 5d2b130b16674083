import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { authenticate } from '../../src/domain/authenticate.ts';
import { chargeFailedAuthentication } from '../../src/domain/charge-call.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { DEFAULT_CREDIT_SETTINGS } from '../../src/domain/credit-settings.ts';
import type { ForeignTokenSettings } from '../../src/domain/foreign-tokens.ts';
import { type VerifyTokenInput, verifyToken } from '../../src/domain/verify-token.ts';
import { eventually } from '../support/eventually.ts';
import { newConsumer } from './examples.ts';
import { type Answer, openAsking, subjectOf } from './open-asking.ts';
import { callOf } from './open-domain.ts';
import { refused } from './refusals.ts';

const SPENT = '192.0.2.7';
const OTHER = '192.0.2.8';

/**
 * A domain whose addresses may fail twice a minute, the first of which has, and knows it; and the server is asked about
 * one more token of its meanwhile, until `release`.
 */
async function openSpent(t: TestContext, parts: Partial<ForeignTokenSettings> = {}) {
  const domain = await openAsking(t, parts, { ...DEFAULT_CREDIT_SETTINGS, creditsPerMinute: 20 });
  const { context, answers, asked } = domain;
  const come = (token: string, peerAddress: string) => authenticate(context, { token, peerAddress });
  const fail = async (token: string) => {
    const error = await refused(come(token, SPENT), 'TOKEN_INVALID');
    return chargeFailedAuthentication(context, error, SPENT);
  };
  for (const name of ['in memory', 'in store', 'new']) answers.set(name.replace(' ', '-'), subjectOf(name));
  await come('in-store', OTHER);
  domain.clock.advance(500);
  await come('in-memory', OTHER);
  for (let i = 0; i < 2; i += 1) await fail(`bad-${i}`);
  const last = await fail('bad-2');
  assert.equal(last?.refusal?.reason, 'CREDITS_EXHAUSTED');
  const held = Promise.withResolvers<null>();
  answers.set('held', held.promise);
  const underWay = refused(come('held', SPENT), 'TOKEN_INVALID');
  await eventually('the server is asked', async () => (asked.includes('held') ? true : null));
  const release = async () => {
    held.resolve(null);
    await underWay;
  };
  t.after(release);
  return { ...domain, come, last, release, askedBefore: asked.length };
}

describe('an address that has no credits left', () => {
  it('has one unknown token asked about at a time, whoever shares it', async (t) => {
    const { come, release, asked, askedBefore } = await openSpent(t);
    await refused(come('new', SPENT), 'CREDITS_EXHAUSTED');
    await release();
    assert.equal((await come('new', SPENT)).kind, 'subject');
    assert.equal(asked.length, askedBefore + 1);
  });

  it('has no other token asked about meanwhile, and is told when it may', async (t) => {
    const { come, clock, context, last, asked, askedBefore } = await openSpent(t);
    const error = await refused(come('new', SPENT), 'CREDITS_EXHAUSTED');
    assert.equal(error.retryAfterMs, last.refusal?.retryAfterMs);
    const charge = await chargeFailedAuthentication(context, error, SPENT);
    assert.deepEqual([charge?.refusal, charge?.credits], [error, last.credits]);
    clock.advance((error.retryAfterMs ?? 0) - 1500);
    for (let i = 0; i < 3; i += 1) await refused(come(`more-${i}`, SPENT), 'CREDITS_EXHAUSTED');
    assert.equal(asked.length, askedBefore);
    clock.advance(1500);
    assert.equal((await come('new', SPENT)).kind, 'subject');
  });

  it('goes on with tokens that are remembered, here or in the store', async (t) => {
    const { come, clock, asked, askedBefore } = await openSpent(t, { l1TtlMs: 1000 });
    // Now the one that came first is remembered in the store alone.
    clock.advance(500);
    for (const token of ['in-memory', 'in-store']) assert.equal((await come(token, SPENT)).kind, 'subject');
    assert.equal(asked.length, askedBefore);
  });

  it('keeps no other address from the same token, and has its share of what that one hears', async (t) => {
    const { come, answers, asked, askedBefore } = await openSpent(t);
    const held = Promise.withResolvers<Answer>();
    answers.set('new', held.promise);
    const both = Promise.allSettled([come('new', SPENT), come('new', OTHER)]);
    await eventually('the server is asked', async () => (asked.includes('new') ? true : null));
    const joined = come('new', SPENT);
    held.resolve(subjectOf('new'));
    const [spent, other] = await both;
    assert.equal(spent.status === 'rejected' && spent.reason.reason, 'CREDITS_EXHAUSTED');
    assert.equal(other.status, 'fulfilled');
    assert.equal((await joined).kind, 'subject');
    assert.equal(asked.length, askedBefore + 1);
  });

  it('has none verified for a backend either, where the backend tells the address', async (t) => {
    const domain = await openSpent(t);
    const { context, root, asked, askedBefore } = domain;
    const backend = await createConsumer(context, root, {
      consumer: newConsumer({ scopes: ['tokens.verify'], creditsPerMinute: 1000 }),
    });
    const verify = (input: Partial<VerifyTokenInput>) =>
      verifyToken(context, callOf(backend.consumer), {
        token: 'new',
        requiredScopes: [],
        ipAddress: SPENT,
        cost: 1,
        resource: '',
        requestId: null,
        ...input,
      });
    // What callers from the address ask themselves is not the backend's affair.
    const held = Promise.withResolvers<Answer>();
    domain.answers.set('held-too', held.promise);
    const first = verify({ token: 'held-too' });
    await eventually('the server is asked', async () => (asked.length > askedBefore ? true : null));
    const verified = await verify({});
    assert.ok(verified.code === 'credits_exhausted' && verified.client === null);
    const { standing, nextAt } = verified.credits;
    assert.deepEqual(standing, domain.last.credits);
    assert.equal(nextAt, context.store.now() + (domain.last.refusal?.retryAfterMs ?? 0));
    assert.equal(asked.length, askedBefore + 1);
    held.resolve(null);
    assert.equal((await first).code, 'credits_exhausted');
    assert.equal((await verify({ token: 'in-memory' })).code, 'valid');
    for (let i = 0; i < 3; i += 1)
      assert.equal((await verify({ token: `bad-again-${i}`, ipAddress: '' })).code, 'not_found');
    assert.equal(asked.length, askedBefore + 4);
    assert.equal((await verify({ ipAddress: '' })).code, 'valid');
  });
});
