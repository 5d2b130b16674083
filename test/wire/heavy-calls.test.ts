import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { callJson, refused, toldError } from './json-call.ts';
import { addPool, serve } from './served.ts';

describe('heavy calls over the wire', () => {
  it('are refused with a time to come back while all places are taken, and others are served', async () => {
    await using served = await serve({ HEAVY_CALLS: '1', ENCRYPTION_KEY: randomBytes(32).toString('hex') });
    const { token, feature } = await addPool(served);
    const held = Promise.withResolvers<void>();
    const holding = served.context.heavyCalls.run(undefined, () => held.promise);
    const waiting = callJson(served, 'AdminService/ResealKeys', {});
    assert.equal((await callJson(served, 'KeyPoolService/DrawKey', { feature }, { token })).status, 200);
    const answer = await waiting;
    refused(answer, 503, 'HEAVY_CALLS_BUSY');
    assert.equal(toldError(answer).retryDelay, '2s');
    assert.equal(answer.headers.get('retry-after'), '2');
    held.resolve();
    await holding;
    const { status, body } = await callJson(served, 'AdminService/ResealKeys', {});
    assert.equal(status, 200);
    assert.deepEqual([body.checkedKeys, body.resealedKeys], [1, undefined]);
  });

  it('say when they have nothing to do it with', async () => {
    await using served = await serve();
    refused(await callJson(served, 'AdminService/ResealKeys', {}), 400, 'ENCRYPTION_OFF');
    refused(await callJson(served, 'AdminService/ResealKeys', { pageToken: 'x' }), 400, 'INVALID_FIELD');
  });
});
