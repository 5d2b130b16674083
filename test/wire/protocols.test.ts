import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

type MakeTransport = (baseUrl: string) => Transport;

const TRANSPORTS: Readonly<Record<string, MakeTransport>> = {
  'Connect JSON over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'Connect JSON over HTTP/2': (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false }),
  'Connect binary over HTTP/1.1': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' }),
  'Connect binary over HTTP/2': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }),
  'gRPC over HTTP/2': (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' }),
  'gRPC-Web JSON over HTTP/1.1': (baseUrl) =>
    createGrpcWebTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
};

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail('the call was served'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

function reasonOf(error: ConnectError): string | undefined {
  const [info] = error.findDetails(ErrorInfoSchema);
  assert.equal(info?.domain, 'keypool', error.message);
  assert.match(info?.metadata.request_id ?? '', /./);
  return info?.reason;
}

for (const [name, transportTo] of Object.entries(TRANSPORTS))
  describe(name, () => {
    let served: Served;
    let pool: Pool;
    let client: Client<typeof KeyPoolService>;
    before(async () => {
      served = await serve({ MAX_REQUEST_BYTES: '50000' });
      pool = await addPool(served, { perHour: 1 });
      client = createClient(KeyPoolService, transportTo(served.url));
    });
    after(() => served.close());
    const headers = () => ({ Authorization: `Bearer ${pool.token}` });

    it('draws a key', async () => {
      const drawn = await client.drawKey({ feature: pool.feature }, { headers: headers() });
      assert.deepEqual([drawn.value, drawn.tierId, drawn.units], [pool.value, pool.tierId, 1]);
    });

    it('takes the token as an API key too', async () => {
      const answer = await client.getAvailability(
        { feature: pool.feature },
        { headers: { 'X-API-Key': pool.token } },
      );
      assert.equal(answer.totalKeys, 1);
    });

    it('tells a missing token, and how to send one', async () => {
      const error = await failure(client.drawKey({ feature: pool.feature }));
      assert.deepEqual([error.code, reasonOf(error)], [Code.Unauthenticated, 'TOKEN_MISSING']);
      assert.match(error.metadata.get('www-authenticate') ?? '', /^Bearer/);
    });

    it('tells each field at fault', async () => {
      const error = await failure(client.drawKey({ feature: 'No Such', units: -1 }, { headers: headers() }));
      assert.deepEqual([error.code, reasonOf(error)], [Code.InvalidArgument, 'INVALID_FIELD']);
      const [bad] = error.findDetails(BadRequestSchema);
      assert.deepEqual(
        bad?.fieldViolations.map(({ field }) => field),
        ['feature', 'units'],
      );
    });

    it('tells when to try again', async () => {
      const error = await failure(client.drawKey({ feature: pool.feature }, { headers: headers() }));
      assert.deepEqual([error.code, reasonOf(error)], [Code.ResourceExhausted, 'POOL_EXHAUSTED']);
      const [retry] = error.findDetails(RetryInfoSchema);
      assert.ok((retry?.retryDelay?.seconds ?? 0n) > 3000n);
      assert.ok(Number(error.metadata.get('retry-after')) > 3000);
    });

    it('tells a request that is too large', async () => {
      const error = await failure(client.drawKey({ feature: 'x'.repeat(60_000) }, { headers: headers() }));
      assert.deepEqual([error.code, reasonOf(error)], [Code.ResourceExhausted, 'REQUEST_TOO_LARGE']);
    });
  });
