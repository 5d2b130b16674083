import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Attacked, attacked } from './attacked.ts';
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts';
import { refused } from './json-call.ts';

const LONG = Array.from({ length: 10_000 }, (_, i) => i);
const CLAIMS = { active: true, sub: 'ada', scope: 'chat', list: LONG, text: 'x', number: 1, yes: true };
/** Far above what one evaluation may take, far below what these would. */
const ANSWERED_MS = 3000;

/** Rules that are no rule for such claims: what they give is not true, or they give nothing. */
const FAILING: readonly string[] = [
  'claims.missing == 1',
  'claims.number / 0 == 1',
  'claims.list[99999999] == 1',
  'claims.text + claims.number == claims.text',
  'int(claims.text) == 1',
  'claims.number',
  'claims.text',
  "claims.yes ? 'true' : 'false'",
  '[true]',
  "{'true': true}",
  'null',
  'claims.list',
];

/** Rules that take the better part of for ever with a long list. */
const ENDLESS: readonly string[] = [
  'claims.list.all(a, claims.list.all(b, claims.list.all(c, a + b + c >= 0)))',
  'claims.list.map(a, claims.list.map(b, a + b)).size() > 0',
  'claims.list.filter(a, a in claims.list).size() > 0',
  'claims.list.map(a, string(a) + claims.text).exists(t, claims.list.exists(n, string(n) == t))',
];

/** One rule that is another for each value of the claim `case`. */
function byCase(rules: readonly string[]): string {
  return rules.reduceRight((others, rule, i) => `claims.case == ${i} ? (${rule}) : (${others})`, 'false');
}

/** A token about which the server gives the claims of this case. */
function tokenOf(index: number): string {
  return `of-another-issuer-${index}-${randomBytes(8).toString('hex')}`;
}

function caseOf(token: string): number {
  return Number(token.split('-')[3]);
}

async function withRules(
  rules: Readonly<Record<string, string>>,
  work: (target: Attacked, issuer: AuthorizationServer) => Promise<void>,
  claimsOf: (index: number) => unknown = (index) => ({ ...CLAIMS, case: index }),
): Promise<void> {
  await using issuer = await startAuthorizationServer((token) => claimsOf(caseOf(token)));
  await using target = await attacked('SQLite', {
    AUTH_TOKEN_INTROSPECTION_URL: issuer.url,
    AUTH_CLIENT_ID: 'keypool',
    AUTH_CLIENT_SECRET: randomBytes(16).toString('hex'),
    ...rules,
  });
  await work(target, issuer);
  target.assertNothingLeaked(['claims.', 'of-another-issuer']);
}

async function assertRefused(target: Attacked, index: number, what: unknown): Promise<void> {
  const token = tokenOf(index);
  refused(await target.call('AuthService/WhoAmI', {}, { token }), 401, 'TOKEN_INVALID');
  assert.equal(await target.verify(tokenOf(index)), 'NOT_FOUND', JSON.stringify(what));
}

describe('a token of another issuer', () => {
  it('is what its claims say, where they pass', async () => {
    const rule = { AUTH_TOKEN_VALIDATION_CEL: byCase(["claims.sub == 'ada'", 'false']) };
    await withRules(rule, async (target) => {
      assert.equal(await target.verify(tokenOf(0), { requiredScopes: ['chat'] }), 'VALID');
      assert.equal(await target.verify(tokenOf(0), { requiredScopes: ['cha'] }), 'INSUFFICIENT_SCOPE');
      await assertRefused(target, 1, rule);
    });
  });

  it('is refused where the rule about it fails, or gives what is only like true', async () => {
    await withRules({ AUTH_TOKEN_VALIDATION_CEL: byCase(FAILING) }, async (target) => {
      for (const [i, rule] of FAILING.entries()) await assertRefused(target, i, rule);
    });
  });

  it('is refused soon where the rule about it would not end, and nobody else waits for that', async () => {
    await withRules({ AUTH_TOKEN_VALIDATION_CEL: byCase(ENDLESS) }, async (target) => {
      const { token } = await target.issue();
      for (const [i, rule] of ENDLESS.entries()) {
        const startedMs = performance.now();
        const refusals = Promise.all([assertRefused(target, i, rule), assertRefused(target, i, rule)]);
        assert.equal(await target.verify(token), 'VALID');
        await refusals;
        assert.ok(performance.now() - startedMs < ANSWERED_MS, rule);
      }
    });
  });

  it('is refused where a rule about its tiers or fields fails', async () => {
    const tiers = ["['fine']", 'claims.missing', 'claims.list', "['fine']", "['fine']"];
    const fields = ["{'a': 1}", "{'a': 1}", "{'a': 1}", 'claims.text', "{'a': claims.list}"];
    const rules = { AUTH_TOKEN_TIERS_CEL: byCase(tiers), AUTH_TOKEN_EXTRA_FIELDS_CEL: byCase(fields) };
    await withRules(rules, async (target) => {
      assert.equal(await target.verify(tokenOf(0)), 'VALID');
      for (const i of [1, 2, 3, 4]) await assertRefused(target, i, [tiers[i], fields[i]]);
    });
  });

  it('gives no scope of Keypool, whatever scopes it claims', async () => {
    const claims = { active: true, sub: 'ada', scope: 'admin tokens.verify usage.write' };
    await withRules(
      {},
      async (target) => {
        const token = tokenOf(0);
        refused(await target.call('AdminService/ListTiers', {}, { token }), 403, 'ADMIN_REQUIRED');
        const answer = await target.call('AuthService/VerifyToken', { token }, { token });
        refused(answer, 403, 'SCOPE_REQUIRED');
      },
      () => claims,
    );
  });

  it('is not asked about when it looks like one of ours', async () => {
    await withRules({}, async (target, issuer) => {
      const { token } = await target.issue();
      const mistyped = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
      assert.equal(await target.verify(mistyped), 'NOT_FOUND');
      assert.deepEqual(issuer.asked, []);
    });
  });

  it('is refused where its claims are not of the form that they must have', async () => {
    const wrong = [
      { active: true },
      { active: true, sub: '' },
      { active: true, sub: 7 },
      { active: true, sub: 'ada', exp: 'never' },
      { active: true, sub: 'ada', exp: 1 },
      { active: true, sub: 'ada', nbf: 32_503_680_000 },
      { active: true, sub: 'ada', api_credits_per_minute: -1 },
      { active: false, sub: 'ada' },
      { active: true, sub: 'ada', more: 'x'.repeat(100_000) },
    ];
    await withRules(
      {},
      async (target) => {
        for (const [i, claims] of wrong.entries()) await assertRefused(target, i, claims);
      },
      (index) => wrong[index],
    );
  });

  it('is neither good nor bad where the answer about it is none: that is to be tried again', async () => {
    const none = [{}, { active: 'true', sub: 'ada' }, [], null];
    await withRules(
      {},
      async (target) => {
        const by = { token: target.backend.token };
        for (const i of none.keys()) {
          const token = tokenOf(i);
          const who = await target.call('AuthService/WhoAmI', {}, { token });
          assert.notEqual(refused(who, 503, 'INTROSPECTION_UNAVAILABLE').retryDelay, null);
          const asked = await target.call('AuthService/VerifyToken', { token }, by);
          refused(asked, 503, 'INTROSPECTION_UNAVAILABLE');
        }
      },
      (index) => none[index],
    );
  });
});
