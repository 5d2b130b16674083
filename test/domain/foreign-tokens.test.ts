import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { authenticate, currentIdentity } from '../../src/domain/authenticate.ts';
import { KeypoolError } from '../../src/domain/errors.ts';
import { callerIdOf } from '../../src/domain/identity.ts';
import { whoAmI } from '../../src/domain/who-am-i.ts';
import { createToken } from '../../src/model/token.ts';
import { L1_TTL_MS, L2_TTL_MS, openAsking, subjectOf } from './open-asking.ts';
import { callBy, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

const sha256 = (text: string) => hash('sha256', text, 'hex');

const unavailable = () => new KeypoolError('INTROSPECTION_UNAVAILABLE', 'Try again.', { retryAfterMs: 1000 });

describe('a token of another server', () => {
  it('is its subject', async (t) => {
    const { answers, enter, context } = await openAsking(t);
    const ada = subjectOf('ada', {
      tiers: ['basic'],
      scopes: ['read'],
      creditsPerMinute: 5,
      extra: { team: 1 },
    });
    answers.set('opaque', ada);
    const identity = await enter('opaque');
    assert.deepEqual(identity, ada);
    assert.equal(callerIdOf(identity), 'subject:ada');
    await context.directory.denial('ada');
    const { kind, subject, scopes, grantedTierIds } = whoAmI(callBy(identity));
    assert.deepEqual([kind, subject, scopes, grantedTierIds], ['subject', ada, ['read'], ['basic']]);
  });

  it('is refused where no server is asked, and where that does not know it', async (t) => {
    const domain = await openDomain(t);
    await refused(authenticate(domain.context, { token: 'opaque', peerAddress: '' }), 'TOKEN_INVALID');
    const { enter } = await openAsking(t);
    await refused(enter('opaque'), 'TOKEN_INVALID');
  });

  it('is shown to that server only when it cannot be Keypool’s own', async (t) => {
    const { asked, context } = await openAsking(t);
    const issued = createToken('kp', 'live', randomBytes);
    const mistyped = issued.slice(0, -1) + (issued.endsWith('0') ? '1' : '0');
    const ofFormerPrefix = createToken('old', 'test', randomBytes);
    const claims = Buffer.from(JSON.stringify({ iss: 'keypool' })).toString('base64url');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const token of [
      issued,
      mistyped,
      issued.slice(0, -1),
      `${issued},`,
      ofFormerPrefix,
      `${header}.${claims}.`,
      'x'.repeat(20_000),
      'a b',
      'a\n',
      'é',
    ])
      await refused(authenticate(context, { token, peerAddress: '' }), 'TOKEN_INVALID');
    assert.deepEqual(asked, []);
  });

  it('is asked about once while it is remembered, and once at a time', async (t) => {
    const { answers, asked, enter, clock } = await openAsking(t);
    answers.set('opaque', subjectOf('ada'));
    const all = await Promise.all(Array.from({ length: 20 }, () => enter('opaque')));
    assert.equal(new Set(all).size, 1);
    clock.advance(L1_TTL_MS - 1);
    await enter('opaque');
    assert.deepEqual(asked, ['opaque']);
  });

  it('is asked about in the name of its address, where that is known: of a /64 of IPv6, as credits are', async (t) => {
    const named: (string | undefined)[] = [];
    const introspect = async (_token: string, from?: string) => {
      named.push(from);
      return null;
    };
    const { context } = await openAsking(t, { introspect });
    const addresses = ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '2001:db8::2:1', '2001:db8:1::', ''];
    for (const [i, peerAddress] of addresses.entries())
      await refused(authenticate(context, { token: `opaque-${i}`, peerAddress }), 'TOKEN_INVALID');
    const [v4, mapped, v6, ofSame, ofOther, unknown] = named;
    assert.ok(v4 !== undefined && v4 === mapped && v6 === ofSame);
    assert.equal(new Set([v4, v6, ofOther]).size, 3);
    assert.equal(unknown, undefined);
  });

  it('is remembered in the store for longer than in memory, under no name that tells of it', async (t) => {
    const { answers, asked, enter, clock, context } = await openAsking(t);
    answers.set('opaque', subjectOf('ada'));
    await enter('opaque');
    const kept = await context.store.findKeptToken(sha256(`${sha256('salt')}opaque`));
    assert.equal(kept?.expireAt, context.store.now() + L2_TTL_MS);
    assert.doesNotMatch(kept.body, /opaque/);
    answers.set('opaque', null);
    clock.advance(L2_TTL_MS - 1);
    await enter('opaque');
    assert.deepEqual(asked, ['opaque']);
    clock.advance(1);
    await refused(enter('opaque'), 'TOKEN_INVALID');
    assert.equal(asked.length, 2);
  });

  it('is never believed beyond its own expiry', async (t) => {
    const { answers, asked, enter, clock, context } = await openAsking(t);
    answers.set('opaque', subjectOf('ada', { expireAt: context.store.now() + 5000 }));
    const identity = await enter('opaque');
    clock.advance(4999);
    await enter('opaque');
    answers.delete('opaque');
    clock.advance(1);
    await refused(enter('opaque'), 'TOKEN_INVALID');
    assert.equal(asked.length, 2);
    const call = { identity, peerAddress: '' };
    await refused(currentIdentity(context, call), 'TOKEN_EXPIRED');
  });

  it('that is no good is not asked about again for a while, and pushes no good one out', async (t) => {
    const { answers, asked, enter, clock } = await openAsking(t);
    answers.set('good', subjectOf('ada'));
    await enter('good');
    for (let i = 0; i < 30; i += 1) await refused(enter(`bad-${i}`), 'TOKEN_INVALID');
    for (let i = 0; i < 3; i += 1) await refused(enter('bad-29'), 'TOKEN_INVALID');
    await enter('good');
    assert.equal(asked.length, 31);
    clock.advance(L1_TTL_MS);
    await refused(enter('bad-29'), 'TOKEN_INVALID');
    assert.equal(asked.length, 32);
  });

  it('whose time is yet to come is asked about once a second until it is good', async (t) => {
    const { answers, asked, enter, clock } = await openAsking(t);
    answers.set('early', 'not_yet');
    for (let i = 0; i < 3; i += 1) await refused(enter('early'), 'TOKEN_INVALID');
    answers.set('early', subjectOf('ada'));
    clock.advance(999);
    await refused(enter('early'), 'TOKEN_INVALID');
    clock.advance(1);
    assert.equal((await enter('early')).subject, 'ada');
    assert.equal(asked.length, 2);
  });

  it('is refused, never passed, while the server cannot be asked, and what is remembered goes on', async (t) => {
    const { answers, asked, enter, clock } = await openAsking(t);
    answers.set('known', subjectOf('ada'));
    await enter('known');
    for (const token of ['known', 'new']) answers.set(token, unavailable());
    await enter('known');
    const error = await refused(enter('new'), 'INTROSPECTION_UNAVAILABLE');
    assert.deepEqual([error.code, error.retryAfterMs], ['unavailable', 1000]);
    answers.set('new', subjectOf('bob'));
    assert.equal((await enter('new')).subject, 'bob');
    clock.advance(L2_TTL_MS);
    await refused(enter('known'), 'INTROSPECTION_UNAVAILABLE');
    assert.equal(asked.length, 4);
  });
});
