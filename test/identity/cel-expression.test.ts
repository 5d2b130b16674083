import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CelFailure, compileCel } from '../../src/identity/cel-expression.ts';
import type { JsonValue } from '../../src/model/json.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a CEL expression', () => {
  const VALUES: readonly (readonly [text: string, claims: Record<string, JsonValue>, value: JsonValue])[] = [
    ["claims.aud == 'api'", { aud: 'api' }, true],
    ["claims.aud == 'api'", { aud: 'other' }, false],
    ["'api' in claims.aud", { aud: ['api', 'other'] }, true],
    ["has(claims.org) && claims.org.plan == 'pro'", { org: { plan: 'pro' } }, true],
    ["has(claims.org) && claims.org.plan == 'pro'", {}, false],
    ['claims.level >= 3', { level: 3 }, true],
    ['claims.level == 3', { level: 3 }, true],
    ["claims.scope.split(' ').exists(s, s == 'keypool')", { scope: 'a keypool' }, true],
    ["claims.email.endsWith('@example.com')", { email: 'ada@example.com' }, true],
    ["claims.email.matches('^[a-z]+@example[.]com$')", { email: 'ada@example.com' }, true],
    ["['basic'] + (claims.pro ? ['pro'] : [])", { pro: true }, ['basic', 'pro']],
    [
      "{'team': claims.team, 'n': 3, 'f': 1.5, 'u': 2u, 'none': null}",
      { team: 'x' },
      { team: 'x', n: 3, f: 1.5, u: 2, none: null },
    ],
    ['claims', { a: { b: [1, 'x', null, true] } }, { a: { b: [1, 'x', null, true] } }],
    ['claims.groups.map(g, g.lowerAscii())', { groups: ['A', 'B'] }, ['a', 'b']],
  ];
  for (const [text, claims, value] of VALUES)
    it(`${text} of ${JSON.stringify(claims)} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(compileCel(text).evaluate(claims), value);
    });

  for (const text of [
    'claims.missing',
    'claims.a.b.c',
    "claims.text + 1 == '1'",
    '1 / 0 == 0',
    'claims.list[7]',
  ])
    it(`${text} fails where it has no value, which is never true`, () => {
      const claims = { text: 'x', list: [1] };
      assert.throws(() => compileCel(text).evaluate(claims), CelFailure);
    });

  it('has no value that JSON cannot hold', () => {
    for (const text of ["b'bytes'", 'type(1)', '0.0 / 0.0', '{1: 2}', "timestamp('2025-01-01T00:00:00Z')"])
      assert.throws(() => compileCel(text).evaluate({}), CelFailure, text);
  });

  for (const text of [
    'claims.a ==',
    'claim.a == 1',
    'nofunc(claims.a)',
    '',
    '('.repeat(5000),
    'x'.repeat(9000),
  ])
    it(`${text.slice(0, 20)} is refused when it is compiled`, () => {
      assert.throws(() => compileCel(text), CelFailure);
    });

  const LOOPS: Readonly<Record<string, string>> = {
    'loops in loops': 'claims.list.exists(a, claims.list.exists(b, claims.list.exists(c, a + b + c < 0.0)))',
    'lists that grow': 'claims.list.map(a, claims.list.map(b, claims.list)).size() > 0',
    'comparisons of long lists': 'claims.list.all(a, claims.list == claims.list)',
    'a pattern over long texts in a loop':
      "claims.list.all(a, claims.list.all(b, !claims.text.matches('(x+x+)+y')))",
  };
  for (const [name, text] of Object.entries(LOOPS))
    it(`ends in time with ${name}`, () => {
      const rule = compileCel(text);
      const claims = { list: numbers(8000), text: 'x'.repeat(30_000) };
      const startedMs = performance.now();
      assert.throws(() => rule.evaluate(claims), { message: 'takes too long' });
      // On a busy machine the watchdog may come late; without it this would take minutes.
      assert.ok(performance.now() - startedMs < 5000);
      assert.equal(compileCel('claims.a == 1').evaluate({ a: 1 }), true);
    });

  it('fails over claims that are nested deeper than the stack', () => {
    const claims: Record<string, JsonValue> = JSON.parse(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`);
    assert.throws(() => compileCel("claims.sub == 'x'").evaluate(claims), CelFailure);
  });

  const REPEATING = [
    'int(claims.text) == 1',
    'bool(claims.text)',
    'claims[claims.text]',
    'claims.list[claims.text]',
    'claims.text.matches(claims.pattern)',
    '{claims.text: 1, claims.text: 2}.a',
    'claims.text + 1 == 2',
  ];
  for (const text of REPEATING)
    it(`${text} tells of its failure without a claim`, () => {
      const claims = { text: 'of-ada', list: [1], pattern: '(of-ada' };
      assert.throws(
        () => compileCel(text).evaluate(claims),
        (error) => error instanceof CelFailure && error.message !== '' && !/of-ada/.test(error.message),
      );
    });

  it('names the claim that it misses', () => {
    assert.throws(() => compileCel('claims.org.plan').evaluate({}), { message: 'field not found: org' });
  });

  it('cannot reach anything but the claims', () => {
    for (const text of ['process', 'globalThis', 'claims.constructor', 'claims.__proto__', 'work'])
      assert.throws(() => compileCel(text).evaluate({}), CelFailure, text);
    assert.equal(compileCel("claims['__proto__'] == 1").evaluate(JSON.parse('{"__proto__": 1}')), true);
  });
});
