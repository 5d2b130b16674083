import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainLog } from '../../src/domain/context.ts';
import type { Claims } from '../../src/identity/claims.ts';
import { createSubjectRules, type RuleTexts } from '../../src/identity/subject-rules.ts';
import type { JsonValue } from '../../src/model/json.ts';

const NOW = 1_700_000_000_000;
const NONE: RuleTexts = { validation: null, extraFields: null, tiers: null };

function apply(claims: Record<string, JsonValue>, texts: Partial<RuleTexts> = {}) {
  const warnings: Readonly<Record<string, unknown>>[] = [];
  const warn: DomainLog['warn'] = (fields) => {
    warnings.push(fields);
  };
  const rules = createSubjectRules({ ...NONE, ...texts }, { info: () => {}, warn, error: () => {} });
  const read: Claims = { active: true, ...claims };
  return { subject: rules.subjectOf(read, NOW), warnings };
}

describe('the claims of an active token', () => {
  it('give a subject', () => {
    const { subject } = apply({
      sub: 'ada',
      scope: 'read write',
      exp: NOW / 1000 + 60,
      api_credits_per_minute: 30,
    });
    assert.deepEqual(subject, {
      kind: 'subject',
      subject: 'ada',
      scopes: ['read', 'write'],
      expireAt: NOW + 60_000,
      creditsPerMinute: 30,
      tiers: [],
      extra: {},
    });
    assert.deepEqual(apply({ sub: 'x' }).subject, {
      kind: 'subject',
      subject: 'x',
      scopes: [],
      expireAt: null,
      creditsPerMinute: null,
      tiers: [],
      extra: {},
    });
  });

  const REFUSED: readonly Record<string, JsonValue>[] = [
    {},
    { sub: null },
    { sub: '' },
    { sub: 7 },
    { sub: 'a\nb' },
    { sub: 'x'.repeat(256) },
    { sub: 'lone \ud800 half' },
    { sub: 'x', exp: 'tomorrow' },
    { sub: 'x', exp: 1e300 },
    { sub: 'x', exp: NOW / 1000 },
    { sub: 'x', exp: 0 },
    { sub: 'x', nbf: '1' },
    { sub: 'x', api_credits_per_minute: -1 },
    { sub: 'x', api_credits_per_minute: 1.5 },
    { sub: 'x', api_credits_per_minute: '30' },
  ];
  for (const claims of REFUSED)
    it(`${JSON.stringify(claims).slice(0, 60)} give none`, () => {
      assert.equal(apply(claims).subject, null);
    });

  it('give one from `nbf` on, and before `exp`', () => {
    assert.equal(apply({ sub: 'x', nbf: NOW / 1000 + 1 }).subject, 'not_yet');
    assert.notEqual(apply({ sub: 'x', nbf: NOW / 1000, exp: NOW / 1000 + 1 }).subject, null);
  });
});

describe('the rule for what passes', () => {
  const passes = (validation: string, claims: Record<string, JsonValue> = {}) =>
    apply({ sub: 'x', ...claims }, { validation }).subject !== null;

  it('lets pass what makes it exactly true', () => {
    assert.ok(passes("claims.aud == 'keypool'", { aud: 'keypool' }));
    for (const value of ['false', "'true'", '1', 'null', '[true]', "{'true': true}", "''"])
      assert.equal(passes(value), false, value);
  });

  it('lets nothing pass where it has no value, and says so in the log without a claim', () => {
    const { subject, warnings } = apply({ sub: 'secret-name' }, { validation: 'claims.aud == 1' });
    assert.equal(subject, null);
    assert.equal(warnings[0]?.rule, 'AUTH_TOKEN_VALIDATION_CEL');
    assert.doesNotMatch(JSON.stringify(warnings), /secret-name/);
  });
});

describe('the rules for tiers and fields', () => {
  const tiers = (text: string) => {
    const { subject } = apply({ sub: 'x', plan: 'pro' }, { tiers: text });
    return subject === null || subject === 'not_yet' ? null : subject.tiers;
  };

  it('give lists of ids', () => {
    assert.deepEqual(tiers("['basic', claims.plan, 'basic']"), ['basic', 'pro']);
    assert.deepEqual(tiers('[]'), []);
    for (const text of ["'basic'", '[1]', "['No Slug']", "{'a': 1}", 'claims.missing', 'true'])
      assert.equal(tiers(text), null, text);
  });

  it('give maps, of 4,096 characters at most', () => {
    const extra = (text: string) => {
      const { subject } = apply({ sub: 'x', big: 'y'.repeat(5000), half: '\ud800' }, { extraFields: text });
      return subject === null || subject === 'not_yet' ? null : subject.extra;
    };
    assert.deepEqual(extra("{'user': claims.sub, 'list': [1]}"), { user: 'x', list: [1] });
    for (const text of ['1', '[1]', "{'big': claims.big}", "{'half': claims.half}", '{1: 2}', 'claims.none'])
      assert.equal(extra(text), null, text);
  });
});
