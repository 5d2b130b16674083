import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Attacked, attacked } from './attacked.ts';
import { refused } from './json-call.ts';

const GUESSES = 2;

describe('an address that guesses tokens', () => {
  let target: Attacked;
  before(async () => {
    target = await attacked('SQLite', { CREDITS_PER_MINUTE: '1000', TRUSTED_PROXIES: '127.0.0.1' });
  });
  after(() => target[Symbol.asyncDispose]());

  it('pays for each guess, until it may not guess any more', async () => {
    const from = { 'X-Forwarded-For': '198.51.100.7' };
    const guess = () => target.call('AuthService/WhoAmI', {}, { token: 'nobody', headers: from });
    for (let i = 0; i < 100; i += 1) refused(await guess(), 401, 'TOKEN_INVALID');
    const answer = await guess();
    assert.notEqual(refused(answer, 429, 'CREDITS_EXHAUSTED').retryDelay, null);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    const { token } = await target.issue();
    const good = await target.call('AuthService/WhoAmI', {}, { token, headers: from });
    assert.equal(good.status, 200);
  });

  it('pays at a backend that asks about it as well, and others do not', async () => {
    const ipAddress = '198.51.100.8';
    for (let i = 0; i < 100; i += 1) assert.equal(await target.verify('nobody', { ipAddress }), 'NOT_FOUND');
    for (let i = 0; i < GUESSES; i += 1)
      assert.equal(await target.verify('nobody', { ipAddress }), 'CREDITS_EXHAUSTED');
    assert.equal(await target.verify('nobody', { ipAddress: '198.51.100.9' }), 'NOT_FOUND');
    assert.equal(await target.verify((await target.issue()).token, { ipAddress }), 'VALID');
  });
});
