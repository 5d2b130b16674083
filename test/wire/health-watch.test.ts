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
