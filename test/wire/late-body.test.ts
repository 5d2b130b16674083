import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { revokeConsumer } from '../../src/domain/revoke-consumer.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { connectTo } from './raw-connection.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const ADMIN = { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '127.0.0.1' } as const;

let served: Served;
before(async () => {
  served = await serve();
});
after(() => served.close());

/** Sends the head of a draw, changes something, then sends the body; gives the whole answer. */
async function drawAround(pool: Pool, change: () => Promise<unknown>): Promise<string> {
  const body = JSON.stringify({ feature: pool.feature });
  await using connection = await connectTo(served.port);
  const head = [
    'POST /keypool.v1.KeyPoolService/DrawKey HTTP/1.1',
    'Host: keypool',
    'Content-Type: application/json',
    `Authorization: Bearer ${pool.token}`,
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
    'Connection: close',
  ];
  connection.send(`${head.join('\r\n')}\r\n\r\n`);
  await new Promise<void>((resolve) => connection.socket.once('data', () => resolve()));
  await change();
  connection.send(body);
  return await connection.closed;
}

it('draws when nothing has changed between the head and the body of a call', async () => {
  const pool = await addPool(served);
  assert.match(await drawAround(pool, async () => {}), new RegExp(pool.value));
});

it('refuses a caller that is deleted between the head and the body of its call', async () => {
  const pool = await addPool(served);
  const answer = await drawAround(pool, () =>
    deleteConsumer(served.context, ADMIN, { id: pool.consumerId, etag: null }),
  );
  assert.match(answer, /TOKEN_INVALID/);
  assert.doesNotMatch(answer, new RegExp(pool.value));
});

it('refuses a caller that is disabled between the head and the body of its call', async () => {
  const pool = await addPool(served);
  const disable = { id: pool.consumerId, etag: null, changes: { state: 'disabled' } } as const;
  const answer = await drawAround(pool, () => updateConsumer(served.context, ADMIN, disable));
  assert.match(answer, /CONSUMER_DISABLED/);
});

it('refuses a caller that is revoked between the head and the body of its call', async () => {
  const pool = await addPool(served);
  const revoke = { id: pool.consumerId, reason: 'leaked' };
  const answer = await drawAround(pool, () => revokeConsumer(served.context, ADMIN, revoke));
  assert.match(answer, /TOKEN_REVOKED/);
  assert.doesNotMatch(answer, new RegExp(pool.value));
});
