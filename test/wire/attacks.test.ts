import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { createToken } from '../../src/model/token.ts';
import { eventually } from '../support/eventually.ts';
import { type Attacked, attacked, bodyOf, changedAt, type Issued, STORES, withChecksum } from './attacked.ts';
import { refused } from './json-call.ts';

/** What is made of a good token, the reason that whoever calls with it is given, and the code that a backend is told. */
const FORGED: readonly (readonly [what: string, forge: (good: Issued) => string])[] = [
  ['with a wrong checksum', ({ token }) => changedAt(token, -1)],
  [
    'with one letter changed and the checksum made anew',
    ({ token }) => withChecksum(changedAt(bodyOf(token), -1)),
  ],
  [
    'of another environment, with its checksum',
    ({ token }) => withChecksum(bodyOf(token).replace('_live_', '_test_')),
  ],
  [
    'under another prefix, with its checksum',
    ({ token }) => withChecksum(bodyOf(token).replace('kp_', 'pk_')),
  ],
  ['that is made up', () => createToken('kp', 'live', randomBytes)],
  ['in capitals', ({ token }) => token.toUpperCase()],
  ['that is half of one', ({ token }) => token.slice(0, 24)],
  ['with more behind it', ({ token }) => `${token}0`],
  ['that is what is stored of one', ({ token }) => createHash('sha256').update(token).digest('hex')],
  ['that is the id of its consumer', ({ id }) => id],
];

/** Addresses that a list lets in, and such as it does not. */
const LISTS: readonly (readonly [entry: string, inside: readonly string[], outside: readonly string[]])[] = [
  [
    '192.0.2.7',
    ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207'],
    ['192.0.2.6', '192.0.2.8', '::192.0.2.7'],
  ],
  ['192.0.2.0/25', ['192.0.2.0', '192.0.2.127'], ['192.0.1.255', '192.0.2.128', '2001:db8::c000:200']],
  ['10.0.0.0/31', ['10.0.0.0', '10.0.0.1'], ['9.255.255.255', '10.0.0.2']],
  ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'], ['::', '::1', '2001:db8::1']],
  [
    '2001:db8::/33',
    ['2001:db8::', '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8:8000::', '2001:db7::1'],
  ],
  ['2001:db8::1/128', ['2001:db8::1', '2001:0db8:0:0::0:1'], ['2001:db8::', '2001:db8::2']],
  ['::ffff:10.0.0.0/104', ['10.255.255.255', '::ffff:10.0.0.1'], ['11.0.0.0', '9.255.255.255', '::10.0.0.1']],
];

for (const store of STORES)
  describe(`an attack on a service on ${store}`, () => {
    let target: Attacked;
    let good: Issued;
    before(async () => {
      target = await attacked(store);
      good = await target.issue({ scopes: ['chat', 'chat.read'] });
    });
    after(async () => {
      const { served, backend } = target;
      target.assertNothingLeaked([good.token, backend.token, served.adminToken]);
      const failed = served.log.filter(({ level }) => level === 'error' || level === 'warn');
      assert.deepEqual(
        failed.filter(({ message }) => message === 'a call failed'),
        [],
      );
      await target[Symbol.asyncDispose]();
    });

    const whoAmI = (token: string | null) => target.call('AuthService/WhoAmI', {}, { token });

    it('leaves a good token what it is', async () => {
      assert.equal((await whoAmI(good.token)).status, 200);
      assert.equal(await target.verify(good.token), 'VALID');
    });

    for (const [what, forge] of FORGED)
      it(`by a token ${what} is told that there is none such`, async () => {
        const token = forge(good);
        refused(await whoAmI(token), 401, 'TOKEN_INVALID');
        assert.equal(await target.verify(token), 'NOT_FOUND');
      });

    it('by no token, or one that no header could hold, is told the same to a backend', async () => {
      refused(await whoAmI(null), 401, 'TOKEN_MISSING');
      for (const token of ['', ' ', '\0', `${good.token}\0`, ` ${good.token}`, `Bearer ${good.token}`, '🗝️'])
        assert.equal(await target.verify(token), 'NOT_FOUND', JSON.stringify(token));
    });

    it('by tokens of a megabyte costs little and says nothing', async () => {
      for (const token of [
        'x'.repeat(1_000_000),
        `${good.token}${'0'.repeat(1_000_000)}`,
        'é'.repeat(500_000),
      ])
        assert.equal(await target.verify(token), 'NOT_FOUND');
    });

    it('by showing the root token to a backend gives nothing away of it', async () => {
      assert.equal(await target.verify(target.served.adminToken), 'NOT_FOUND');
    });

    it('by a token that is not to be accepted any more is told why', async () => {
      const revoked = await target.issue();
      await target.call('AdminService/RevokeConsumer', { id: revoked.id, reason: 'leaked' });
      refused(await whoAmI(revoked.token), 401, 'TOKEN_REVOKED');
      assert.equal(await target.verify(revoked.token), 'REVOKED');
      const disabled = await target.issue({ state: 'CONSUMER_STATE_DISABLED' });
      refused(await whoAmI(disabled.token), 401, 'CONSUMER_DISABLED');
      assert.equal(await target.verify(disabled.token), 'DISABLED');
    });

    it('by an expired token is refused from its last moment on', async () => {
      const { store } = target.served.context;
      const expireAt = store.now() + 300;
      const expiring = await target.issue({ expireTime: new Date(expireAt).toISOString() });
      await eventually('its time is over', () => (store.now() >= expireAt ? true : null));
      refused(await whoAmI(expiring.token), 401, 'TOKEN_EXPIRED');
      assert.equal(await target.verify(expiring.token), 'EXPIRED');
    });

    it('by a backend, of what only admins may, is refused whatever it asks for', async () => {
      const { token } = target.backend;
      for (const { name } of AdminService.methods)
        refused(await target.call(`AdminService/${name}`, {}, { token }), 403, 'ADMIN_REQUIRED');
      const events = [{ id: 'a', consumerId: good.id }];
      refused(
        await target.call('AuthService/BatchRecordUsage', { events }, { token }),
        403,
        'SCOPE_REQUIRED',
      );
    });

    it('by scopes that begin like others, or look like patterns, opens nothing', async () => {
      for (const scopes of [
        ['tokens'],
        ['tokens.verify.x'],
        ['tokens.*'],
        ['*'],
        ['admin.read'],
        ['tokens:verify'],
      ]) {
        const { token } = await target.issue({ scopes });
        const answer = await target.call('AuthService/VerifyToken', { token: good.token }, { token });
        assert.equal(refused(answer, 403, 'SCOPE_REQUIRED').metadata.scope, 'tokens.verify');
      }
      for (const scopes of [['administrator'], ['admin.'], ['admin.read.x'], ['*'], ['tokens.verify']]) {
        const { token } = await target.issue({ scopes });
        refused(await target.call('AdminService/ListTiers', {}, { token }), 403, 'ADMIN_REQUIRED');
      }
    });

    it('by a scope that is a part of another, or has another as its part, is not enough', async () => {
      for (const requiredScopes of [
        ['cha'],
        ['chat.'],
        ['chat.write'],
        ['chat.*'],
        ['*'],
        ['chat', 'chat.write'],
      ])
        assert.equal(
          await target.verify(good.token, { requiredScopes }),
          'INSUFFICIENT_SCOPE',
          requiredScopes.join(),
        );
      for (const requiredScopes of [[], ['chat'], ['chat', 'chat.read']])
        assert.equal(await target.verify(good.token, { requiredScopes }), 'VALID', requiredScopes.join());
    });

    for (const [entry, inside, outside] of LISTS)
      it(`from beside the edges of ${entry}, however written, is refused`, async () => {
        const { token } = await target.issue({ allowedIps: [entry] });
        for (const ipAddress of inside)
          assert.equal(await target.verify(token, { ipAddress }), 'VALID', ipAddress);
        for (const ipAddress of [...outside, ''])
          assert.equal(await target.verify(token, { ipAddress }), 'IP_NOT_ALLOWED', ipAddress);
      });

    it('by what is read as an address here and there differently is a bad field', async () => {
      const { token } = target.backend;
      for (const ipAddress of [
        '010.0.0.1',
        '0x0a.0.0.1',
        '10.1',
        '167772161',
        '10.0.0.1:80',
        '[::1]',
        '10.0.0.1/8',
        'a',
      ]) {
        const body = { token: good.token, ipAddress };
        const answer = await target.call('AuthService/VerifyToken', body, { token });
        assert.deepEqual(refused(answer, 400, 'INVALID_FIELD').fields, ['ipAddress']);
      }
    });

    it('by naming an allowed address in X-Forwarded-For, from a peer that nobody trusts, is refused', async () => {
      const { token } = await target.issue({ allowedIps: ['198.51.100.7'] });
      for (const forwarded of ['198.51.100.7', '198.51.100.7, 127.0.0.1', '::ffff:198.51.100.7']) {
        const headers = {
          'X-Forwarded-For': forwarded,
          Forwarded: 'for=198.51.100.7',
          'X-Real-IP': '198.51.100.7',
        };
        const answer = await target.call('AuthService/WhoAmI', {}, { token, headers });
        assert.equal(refused(answer, 403, 'IP_NOT_ALLOWED').metadata.ip_address, '127.0.0.1');
      }
    });
  });
