import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { it, type TestContext } from 'node:test';
import type { DomainLog } from '../../src/domain/context.ts';
import type { Introspect } from '../../src/domain/foreign-tokens.ts';
import { createIntrospection } from '../../src/identity/introspection.ts';
import { createSubjectRules } from '../../src/identity/subject-rules.ts';
import { refused } from '../domain/refusals.ts';

/** An eighth of the 64 questions under way and the 1,024 that wait. */
const OF_ONE_MAX = 136;

/** A server that answers once it is told to. */
async function openHolding(t: TestContext) {
  const told = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    await text(request);
    await told.promise;
    response.end(JSON.stringify({ active: true, sub: 'ada' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const log: DomainLog = { info: () => {}, warn: () => {}, error: () => {} };
  const { port } = server.address() as AddressInfo;
  const introspect: Introspect = createIntrospection({
    endpoint: {
      url: `http://127.0.0.1:${port}/`,
      clientId: 'keypool',
      clientSecret: 'other',
      timeoutMs: 5000,
    },
    rules: createSubjectRules({ validation: null, tiers: null, extraFields: null }, log),
    log,
    now: Date.now,
    monotonicMs: () => performance.now(),
  });
  return { introspect, answer: told.resolve };
}

it('one asker has an eighth of all places at most, and others have the rest', async (t) => {
  const { introspect, answer } = await openHolding(t);
  const asking = Array.from({ length: OF_ONE_MAX }, (_, i) => introspect(`token-${i}`, 'one'));
  const error = await refused(introspect('one more', 'one'), 'INTROSPECTION_UNAVAILABLE');
  assert.deepEqual([error.code, error.retryAfterMs], ['unavailable', 1000]);
  const others = [introspect('mine', 'other'), introspect('nobody’s')];
  answer();
  for (const answered of await Promise.all([...asking, ...others])) assert.notEqual(answered, null);
  assert.notEqual(await introspect('again', 'one'), null);
});
