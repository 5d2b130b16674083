import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { it } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import { serve } from './served.ts';

it('a watch ends with DEADLINE_EXCEEDED when its deadline passes', async () => {
  await using served = await serve();
  const session = connect(served.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Watch',
    'content-type': 'application/grpc',
    'grpc-timeout': '200m',
    te: 'trailers',
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['grpc-status'], '4');
  session.destroy();
});

for (const type of ['application/grpc-web', 'application/connect+json', 'application/connect+proto'])
  it(`a watch as ${type} that asks nothing, or twice, is told to send one message`, async () => {
    await using served = await serve();
    const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from('{}')]);
    const empty = type.endsWith('json') ? message : Buffer.alloc(5);
    for (const body of [Buffer.alloc(0), Buffer.concat([empty, empty])]) {
      const headers = { 'Content-Type': type };
      const url = `${served.url}/grpc.health.v1.Health/Watch`;
      const answer = await fetch(url, { method: 'POST', headers, body });
      assert.equal(answer.status, 200);
      const text = await answer.text();
      assert.match(text, /grpc-status: 3|"code":"invalid_argument"/);
      assert.match(text, /[Ss]end exactly one message|Send(%20| )exactly(%20| )one(%20| )message/);
    }
    assert.deepEqual(
      served.log.filter(({ level }) => level === 'error'),
      [],
    );
  });

it('a watch by gRPC that asks nothing is told to send one message', async () => {
  await using served = await serve();
  const session = connect(served.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Watch',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end();
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['grpc-status'], '3');
  assert.match(decodeURIComponent(String(trailers['grpc-message'])), /exactly one message/);
  session.destroy();
});

it('a connection may have ten watches, and no more', async () => {
  await using served = await serve();
  const client = createClient(Health, createGrpcTransport({ baseUrl: served.url }));
  const leave = new AbortController();
  const open = Array.from({ length: 10 }, () =>
    client.watch({}, { signal: leave.signal })[Symbol.asyncIterator](),
  );
  await Promise.all(open.map((watch) => watch.next()));
  const more = client.watch({})[Symbol.asyncIterator]();
  await assert.rejects(more.next(), (error) => ConnectError.from(error).code === Code.ResourceExhausted);
  const ended = open.map((watch) => watch.next().catch(() => {}));
  leave.abort();
  await Promise.all(ended);
});
