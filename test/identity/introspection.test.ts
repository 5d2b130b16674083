import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import type { DomainLog } from '../../src/domain/context.ts';
import type { Introspect } from '../../src/domain/foreign-tokens.ts';
import { createIntrospection } from '../../src/identity/introspection.ts';
import type { IntrospectionEndpoint } from '../../src/identity/introspection-client.ts';
import { createSubjectRules } from '../../src/identity/subject-rules.ts';
import { refused } from '../domain/refusals.ts';
import { eventually } from '../support/eventually.ts';
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts';

const FAILURES_MAX = 5;
const PAUSE_MS = 1000;

interface Opened {
  readonly introspect: Introspect;
  readonly logged: readonly string[];
}

describe('a token of an OpenID provider', () => {
  let provider: OpenIdProvider;
  before(async () => {
    provider = await startOpenIdProvider();
  });
  after(() => provider[Symbol.asyncDispose]());
  beforeEach(() => provider.setMood('well'));

  function open(endpoint: Partial<IntrospectionEndpoint> = {}): Opened {
    const logged: string[] = [];
    const note: DomainLog['info'] = (fields, message) => {
      logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    const log = { info: note, warn: note, error: note };
    const { introspectionUrl: url, clientId, clientSecret } = provider;
    const introspect = createIntrospection({
      endpoint: { url, clientId, clientSecret, timeoutMs: 5000, ...endpoint },
      rules: createSubjectRules(
        {
          validation: "claims.aud == 'keypool'",
          tiers: 'claims.tiers',
          extraFields: "{'team': claims.team}",
        },
        log,
      ),
      log,
      now: Date.now,
      monotonicMs: () => performance.now(),
      pauseMs: PAUSE_MS,
    });
    return { introspect, logged };
  }

  const issue = (subject: string, parts: { audience?: string; ttlSeconds?: number } = {}) =>
    provider.issue({
      subject,
      audience: 'keypool',
      claims: { api_credits_per_minute: 30, tiers: ['basic'], team: 'red' },
      ...parts,
    });

  it('that is active is its subject, with what the rules make of its claims', async () => {
    const token = await issue('ada');
    const answer = await open().introspect(token);
    assert.ok(answer !== null && answer !== 'not_yet');
    const { expireAt, ...subject } = answer;
    assert.deepEqual(subject, {
      kind: 'subject',
      subject: 'ada',
      scopes: ['read'],
      creditsPerMinute: 30,
      tiers: ['basic'],
      extra: { team: 'red' },
    });
    assert.ok(expireAt !== null && expireAt > Date.now() + 500_000);
  });

  it('that is unknown, revoked, of no subject or for another audience is none', async () => {
    const { introspect } = open();
    assert.equal(await introspect('unknown'), null);
    const revoked = await issue('ada');
    assert.notEqual(await introspect(revoked), null);
    await provider.revoke(revoked);
    assert.equal(await introspect(revoked), null);
    assert.equal(await introspect(await provider.issueToClient()), null);
    assert.equal(await introspect(await issue('ada', { audience: 'other' })), null);
  });

  it('is none once it has expired', async () => {
    const { introspect } = open();
    const token = await issue('ada', { ttlSeconds: 2 });
    assert.notEqual(await introspect(token), null);
    await eventually('it has expired', async () => ((await introspect(token)) === null ? true : null));
  });

  it('is not told when the provider does not know this service', async () => {
    const { introspect } = open({ clientSecret: 'wrong' });
    const error = await refused(introspect(await issue('ada')), 'INTROSPECTION_UNAVAILABLE');
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /wrong|Basic/);
  });

  for (const mood of ['silent', 'garbled', 'failing'] as const)
    it(`is not told while the provider is ${mood}`, async () => {
      const token = await issue('ada');
      provider.setMood(mood);
      const { introspect } = open(mood === 'silent' ? { timeoutMs: 100 } : {});
      const error = await refused(introspect(token), 'INTROSPECTION_UNAVAILABLE');
      assert.equal(error.retryAfterMs, 1000);
      provider.setMood('well');
      assert.notEqual(await open().introspect(token), null);
    });

  it('is asked about no more while the provider fails, and again after a pause', async () => {
    const { introspect, logged } = open();
    const token = await issue('ada');
    provider.setMood('failing');
    for (let i = 0; i < FAILURES_MAX; i += 1) await refused(introspect(token), 'INTROSPECTION_UNAVAILABLE');
    const askedBefore = provider.asked();
    const error = await refused(introspect(token), 'INTROSPECTION_UNAVAILABLE');
    assert.ok(error.retryAfterMs !== null && error.retryAfterMs <= PAUSE_MS);
    await Promise.all(
      Array.from({ length: 50 }, () => refused(introspect(token), 'INTROSPECTION_UNAVAILABLE')),
    );
    assert.equal(provider.asked(), askedBefore);
    provider.setMood('well');
    await eventually('the provider is asked again', () => introspect(token).catch(() => null));
    assert.deepEqual(
      logged.map((line) => line.replace(/ \{.*/, '')),
      [
        'the authorization server fails: it is left alone for a while',
        'the authorization server answers again',
      ],
    );
    assert.ok(!logged.join().includes(token));
  });

  it('is asked about again after the pause when the clock was set back meanwhile', async (t) => {
    const { introspect } = open();
    const token = await issue('ada');
    provider.setMood('failing');
    for (let i = 0; i < FAILURES_MAX; i += 1) await refused(introspect(token), 'INTROSPECTION_UNAVAILABLE');
    const { now } = Date;
    t.mock.method(Date, 'now', () => now() - 3_600_000);
    provider.setMood('well');
    await eventually('the provider is asked again', () => introspect(token).catch(() => null));
  });

  it('is asked about again when a provider that was down comes back', async () => {
    const { introspect } = open();
    const token = await issue('ada');
    await provider.goDown();
    for (let i = 0; i < FAILURES_MAX + 1; i += 1)
      await refused(introspect(token), 'INTROSPECTION_UNAVAILABLE');
    await provider.comeBack();
    await eventually('the provider is asked again', () => introspect(token).catch(() => null));
  });
});

describe('a server that refuses a request', () => {
  const log: DomainLog = { info: () => {}, warn: () => {}, error: () => {} };
  /** Answers with the status that a token names, and as it should for any other. */
  async function openRefusing(t: TestContext): Promise<Introspect> {
    const server = createServer(async (request, response) => {
      const token = new URLSearchParams(await text(request)).get('token') ?? '';
      const [, status, error = 'invalid_request'] = /^status-(\d+)(?:-(.+))?$/.exec(token) ?? [];
      response.statusCode = Number(status ?? 200);
      response.end(JSON.stringify(status === undefined ? { active: true, sub: 'ada' } : { error }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    return createIntrospection({
      endpoint: { url, clientId: 'keypool', clientSecret: 'other', timeoutMs: 5000 },
      rules: createSubjectRules({ validation: null, tiers: null, extraFields: null }, log),
      log,
      now: Date.now,
      monotonicMs: () => performance.now(),
    });
  }

  it('for the token refuses that alone, however often', async (t) => {
    const introspect = await openRefusing(t);
    for (let i = 0; i < 2 * FAILURES_MAX; i += 1)
      for (const status of [400, 413, 414, 422, 431])
        assert.equal(await introspect(`status-${status}`), null);
    assert.notEqual(await introspect('good'), null);
  });

  it('for this service, or for no reason of the token, is not told from one that fails', async (t) => {
    const introspect = await openRefusing(t);
    const refusals = ['400-invalid_client', '400-unauthorized_client', '401', '403', '503'];
    for (const refusal of refusals)
      await refused(introspect(`status-${refusal}`), 'INTROSPECTION_UNAVAILABLE');
    await refused(introspect('good'), 'INTROSPECTION_UNAVAILABLE');
  });
});
