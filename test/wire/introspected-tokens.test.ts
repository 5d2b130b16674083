import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';
import { type Attacked, attacked, STORES } from './attacked.ts';
import { refused } from './json-call.ts';
import { envOf } from './openid-env.ts';

for (const store of STORES)
  describe(`a token of an OpenID provider, on ${store}`, () => {
    let provider: OpenIdProvider;
    let target: Attacked;
    before(async () => {
      provider = await startOpenIdProvider();
      target = await attacked(store, envOf(provider));
    });
    beforeEach(() => provider.setMood('well'));
    after(async () => {
      await target[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      target.assertNothingLeaked([provider.clientSecret, provider.introspectionUrl]);
    });

    const issue = (subject: string, claims: Record<string, unknown> = {}) =>
      provider.issue({ subject, audience: 'keypool', scope: 'read', claims: { org: 'acme', ...claims } });
    const whoAmI = (token: string) => target.call('AuthService/WhoAmI', {}, { token });

    it('is its subject, in answers and in the log', async () => {
      const token = await issue('ada');
      const { status, body, headers } = await whoAmI(token);
      assert.deepEqual(
        [status, body.kind, body.subject, body.scopes, body.extra],
        [200, 'CALLER_KIND_SUBJECT', 'ada', ['read'], { org: 'acme' }],
      );
      const id = headers.get('x-request-id');
      const line = await eventually(
        'the request is logged',
        () => target.served.log.find(({ fields }) => fields.request_id === id) ?? null,
      );
      assert.equal(line.fields.identity, 'subject:ada');
      assert.deepEqual(line.fields.identity_extra, { org: 'acme' });
      const logged = JSON.stringify(target.served.log);
      for (const secret of [token, provider.clientSecret]) assert.ok(!logged.includes(secret));
    });

    it('is verified for a backend, and asked about once', async () => {
      const token = await issue('bob');
      const asked = provider.asked();
      assert.equal(await target.verify(token, { requiredScopes: ['read'] }), 'VALID');
      assert.equal(await target.verify(token, { requiredScopes: ['write'] }), 'INSUFFICIENT_SCOPE');
      assert.equal(provider.asked(), asked + 1);
    });

    it('draws from the tiers that its claims give', async () => {
      const feature = 'scrape';
      const admin = (method: string, body: object) => target.call(`AdminService/${method}`, body);
      await admin('CreateTier', { tier: { id: 'plan-a', features: [{ name: feature }] } });
      await admin('CreateKey', { key: { tierId: 'plan-a', name: 'k', value: 'upstream-value' } });
      const draw = (token: string) => target.call('KeyPoolService/DrawKey', { feature }, { token });
      const drawn = await draw(await issue('carol', { plan: 'plan-a' }));
      assert.deepEqual([drawn.status, drawn.body.value], [200, 'upstream-value']);
      refused(await draw(await issue('dave')), 403, 'FEATURE_NOT_GRANTED');
      const events = await eventually('the draw is listed', async () => {
        const { body } = await admin('ListUsageEvents', { consumerId: 'subject:carol' });
        const listed = body.usageEvents as readonly { consumerId: string }[] | undefined;
        return listed !== undefined && listed.length > 0 ? listed : null;
      });
      assert.deepEqual(
        events.map(({ consumerId }) => consumerId),
        ['subject:carol'],
      );
    });

    it('is no use for what only consumers and admins may', async () => {
      const token = await issue('eve', { plan: 'plan-a' });
      refused(await target.call('AdminService/ListTiers', {}, { token }), 403, 'ADMIN_REQUIRED');
      refused(await target.call('AuthService/VerifyToken', { token }, { token }), 403, 'SCOPE_REQUIRED');
      refused(await target.call('AuthService/ExchangeToken', {}, { token }), 400, 'EXCHANGE_NOT_POSSIBLE');
    });

    it('is refused when it is unknown, revoked, for others, or of no subject', async () => {
      const revoked = await issue('frank');
      await provider.revoke(revoked);
      const forOthers = await provider.issue({ subject: 'frank', audience: 'other' });
      for (const token of ['unknown', revoked, forOthers, await provider.issueToClient()]) {
        refused(await whoAmI(token), 401, 'TOKEN_INVALID');
        assert.equal(await target.verify(token), 'NOT_FOUND');
      }
    });

    it('ends on time, however long it is remembered', async () => {
      const token = await provider.issue({
        subject: 'grace',
        audience: 'keypool',
        claims: { org: 'acme' },
        ttlSeconds: 2,
      });
      assert.equal((await whoAmI(token)).status, 200);
      const answer = await eventually('it has expired', async () => {
        const now = await whoAmI(token);
        return now.status === 200 ? null : now;
      });
      assert.equal(answer.status, 401);
    });

    it('that is not known yet is UNAVAILABLE while the provider cannot answer, and good afterwards', async () => {
      const known = await issue('heidi');
      assert.equal((await whoAmI(known)).status, 200);
      const token = await issue('ivan');
      provider.setMood('failing');
      const error = refused(await whoAmI(token), 503, 'INTROSPECTION_UNAVAILABLE');
      assert.equal(error.retryDelay, '1s');
      provider.setMood('garbled');
      refused(await whoAmI(token), 503, 'INTROSPECTION_UNAVAILABLE');
      await provider.goDown();
      refused(await whoAmI(token), 503, 'INTROSPECTION_UNAVAILABLE');
      const verifying = { token: target.backend.token };
      const verified = await target.call('AuthService/VerifyToken', { token }, verifying);
      refused(verified, 503, 'INTROSPECTION_UNAVAILABLE');
      assert.equal((await whoAmI(known)).status, 200);
      await provider.comeBack();
      provider.setMood('well');
      await eventually('it is good', async () => ((await whoAmI(token)).status === 200 ? true : null));
    });

    it('is refused at once when an admin denies its subject', async () => {
      const token = await issue('judy');
      assert.equal((await whoAmI(token)).status, 200);
      const reason = 'left the company';
      const { body } = await target.call('AdminService/DenySubject', { subject: 'judy', reason });
      assert.equal((body.deniedSubject as { subject: string }).subject, 'judy');
      refused(await whoAmI(token), 401, 'TOKEN_REVOKED');
      assert.equal(await target.verify(token), 'REVOKED');
      const listed = await target.call('AdminService/ListDeniedSubjects', {});
      const [denied] = listed.body.deniedSubjects as readonly Record<string, unknown>[];
      assert.deepEqual([denied?.subject, denied?.reason], ['judy', reason]);
      await target.call('AdminService/AllowSubject', { subject: 'judy' });
      assert.equal((await whoAmI(token)).status, 200);
      const again = await target.call('AdminService/AllowSubject', { subject: 'judy' });
      refused(again, 404, 'SUBJECT_NOT_DENIED');
    });
  });
