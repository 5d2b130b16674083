import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type Attacked as Asked, attacked as asked, STORES } from './attacked.ts';
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts';
import { refused } from './json-call.ts';

type Answer = {
  readonly code: string;
  readonly consumer?: { readonly id: string };
  readonly subject?: string;
  readonly scopes?: readonly string[];
  readonly extra?: unknown;
  readonly credits?: {
    readonly limit: number;
    readonly cost: number;
    readonly remaining?: number;
    readonly resetTime: string;
  };
  readonly retryTime?: string;
};

for (const store of STORES)
  describe(`what a backend is told by a service on ${store}`, () => {
    let service: Asked;
    let issuer: AuthorizationServer;
    before(async () => {
      issuer = await startAuthorizationServer((token) => ({
        active: true,
        sub: `sub-of-${token}`,
        scope: 'chat files',
        team: 'blue',
        api_credits_per_minute: 5,
      }));
      service = await asked(store, {
        AUTH_TOKEN_INTROSPECTION_URL: issuer.url,
        AUTH_CLIENT_ID: 'keypool',
        AUTH_CLIENT_SECRET: randomBytes(16).toString('hex'),
        AUTH_TOKEN_EXTRA_FIELDS_CEL: "{'team': claims.team}",
      });
    });
    after(async () => {
      await service[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    });

    async function ask(body: Record<string, unknown>): Promise<Answer> {
      const answer = await service.call('AuthService/VerifyToken', body, { token: service.backend.token });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body as Answer;
    }

    const eventsOf = async (consumerId: string) => {
      const { body } = await service.call('AdminService/ListUsageEvents', { consumerId });
      return (body.usageEvents ?? []) as readonly Record<string, unknown>[];
    };

    it('is the consumer of a token or a JWT, whose credits they share', async () => {
      const { id, token } = await service.issue({ scopes: ['chat'], creditsPerMinute: 10 });
      const exchanged = await service.call('AuthService/ExchangeToken', {}, { token });
      // The exchange is a call of the consumer's own, and costs one credit as well.
      assert.equal(exchanged.headers.get('x-ratelimit-remaining'), '9');
      const left = [];
      for (const shown of [token, String(exchanged.body.accessToken)]) {
        const { code, consumer, scopes, credits } = await ask({ token: shown, cost: 4 });
        assert.deepEqual([code, consumer?.id, scopes], ['VERIFY_CODE_VALID', id, ['chat']]);
        left.push(credits?.remaining);
      }
      assert.deepEqual(left, [5, 1]);
    });

    it('is the subject of a token of another issuer, with its scopes, credits and further fields', async () => {
      const answer = await ask({ token: 'foreign', requiredScopes: ['files'], cost: 2 });
      const { code, consumer, subject, scopes, extra, credits } = answer;
      assert.deepEqual([code, consumer, subject], ['VERIFY_CODE_VALID', undefined, 'sub-of-foreign']);
      assert.deepEqual([scopes, extra], [['chat', 'files'], { team: 'blue' }]);
      assert.deepEqual([credits?.limit, credits?.cost, credits?.remaining], [5, 2, 3]);
      const exhausted = await ask({ token: 'foreign', cost: 4 });
      assert.equal(exhausted.code, 'VERIFY_CODE_CREDITS_EXHAUSTED');
      assert.ok(Date.parse(exhausted.retryTime ?? '') > Date.now());
    });

    it('stops for a denied subject', async () => {
      assert.equal((await ask({ token: 'denied' })).code, 'VERIFY_CODE_VALID');
      await service.call('AdminService/DenySubject', { subject: 'sub-of-denied', reason: 'left' });
      assert.equal((await ask({ token: 'denied' })).code, 'VERIFY_CODE_REVOKED');
    });

    it('is charged exactly, however many ask at once', async () => {
      const { id, token } = await service.issue({ creditsPerMinute: 20 });
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask({ token, cost: 1 })));
      const codes = answers.map(({ code }) => code.replace('VERIFY_CODE_', ''));
      assert.equal(codes.filter((code) => code === 'VALID').length, 20);
      assert.equal(codes.filter((code) => code === 'CREDITS_EXHAUSTED').length, 40);
      const events = await eventually('all are listed', async () => {
        const listed = await eventsOf(id);
        return listed.length >= 20 ? listed : null;
      });
      assert.equal(events.length, 20);
    });

    it('is charged once for retries of one request, also at the same time', async () => {
      const { id, token } = await service.issue({ creditsPerMinute: 100 });
      const body = { token, cost: 30, requestId: randomBytes(8).toString('hex'), resource: '/chat' };
      const first = await ask(body);
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(body)));
      for (const answer of answers) assert.deepEqual(answer.credits, first.credits);
      const together = { ...body, requestId: randomBytes(8).toString('hex') };
      const raced = await Promise.all(Array.from({ length: 10 }, () => ask(together)));
      assert.deepEqual(new Set(raced.map(({ code }) => code)), new Set(['VERIFY_CODE_VALID']));
      assert.equal((await ask({ token, cost: 0 })).credits?.remaining, 40);
      const other = { ...body, cost: 31 };
      const reused = await service.call('AuthService/VerifyToken', other, { token: service.backend.token });
      assert.deepEqual(refused(reused, 400, 'REQUEST_ID_REUSED').fields, []);
      await eventually('three are listed', async () => ((await eventsOf(id)).length === 3 ? true : null));
    });

    it('is of no use to whoever takes a request id of another backend', async () => {
      const { token } = await service.issue({ creditsPerMinute: 10 });
      const other = await service.issue({ scopes: ['tokens.verify'] });
      const body = { token, cost: 4, requestId: 'shared' };
      await ask(body);
      const { body: told } = await service.call('AuthService/VerifyToken', body, { token: other.token });
      assert.equal((told as Answer).credits?.remaining, 2);
    });
  });
