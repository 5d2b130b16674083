import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type CallOptions,
  Client,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../gen/google/rpc/status_pb.ts';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

interface Unary<O> {
  readonly call: ClientUnaryCall;
  readonly answer: Promise<O>;
}

function start<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  headers: Readonly<Record<string, string>>,
  options: CallOptions = {},
): Unary<MessageShape<O>> {
  const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const call = client.makeUnaryRequest(
    `/${method.parent.typeName}/${method.name}`,
    (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
    (bytes: Buffer) => fromBinary(method.output, bytes),
    create(method.input, request),
    metadata,
    options,
    (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
  );
  return { call, answer: promise };
}

async function failure(answer: Promise<unknown>): Promise<ServiceError> {
  return answer.then(
    () => assert.fail('the call was served'),
    (error: ServiceError) => error,
  );
}

function reasonOf(error: ServiceError): string | undefined {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(Buffer.isBuffer(bytes), error.message);
  const details = fromBinary(StatusSchema, bytes).details.find(({ typeUrl }) =>
    typeUrl.endsWith('ErrorInfo'),
  );
  return details === undefined ? undefined : fromBinary(ErrorInfoSchema, details.value).reason;
}

describe('a gRPC client of another make', () => {
  const { drawKey } = KeyPoolService.method;
  let served: Served;
  let pool: Pool;
  let client: Client;
  before(async () => {
    served = await serve({ MAX_REQUEST_BYTES: '50000' });
    pool = await addPool(served);
    client = new Client(`127.0.0.1:${served.port}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await served.close();
  });
  const auth = () => ({ authorization: `Bearer ${pool.token}` });

  it('draws a key', async () => {
    const { call, answer } = start(
      client,
      drawKey,
      { feature: pool.feature },
      { ...auth(), 'x-request-id': 'g-1' },
    );
    const ids: unknown[] = [];
    call.on('metadata', (metadata) => ids.push(...metadata.get('x-request-id')));
    assert.equal((await answer).value, pool.value);
    assert.deepEqual(ids, ['g-1']);
  });

  it('is told the reason in the status details', async () => {
    const error = await failure(start(client, drawKey, { feature: 'No' }, auth()).answer);
    assert.deepEqual([error.code, reasonOf(error)], [status.INVALID_ARGUMENT, 'INVALID_FIELD']);
    const missing = await failure(start(client, drawKey, { feature: pool.feature }, {}).answer);
    assert.deepEqual([missing.code, reasonOf(missing)], [status.UNAUTHENTICATED, 'TOKEN_MISSING']);
    assert.match(String(missing.metadata.get('www-authenticate')), /^Bearer/);
  });

  it('is told a request that is too large, and a method that is not there', async () => {
    const large = await failure(start(client, drawKey, { feature: 'x'.repeat(60_000) }, auth()).answer);
    assert.deepEqual([large.code, reasonOf(large)], [status.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE']);
    const elsewhere = { ...drawKey, name: 'NoSuchCall' };
    const missing = await failure(start(client, elsewhere, { feature: 'x' }, auth()).answer);
    assert.deepEqual([missing.code, reasonOf(missing)], [status.UNIMPLEMENTED, 'METHOD_NOT_FOUND']);
  });

  it('is answered by its deadline', async () => {
    const deadline = Date.now() - 1;
    const error = await failure(
      start(client, drawKey, { feature: pool.feature }, auth(), { deadline }).answer,
    );
    assert.equal(error.code, status.DEADLINE_EXCEEDED);
  });

  it('may cancel, and the next call is served', async () => {
    const { call, answer } = start(client, drawKey, { feature: pool.feature }, auth());
    call.cancel();
    assert.equal((await failure(answer)).code, status.CANCELLED);
    assert.equal((await start(client, drawKey, { feature: pool.feature }, auth()).answer).value, pool.value);
  });

  it('may ask how each service is, without a token', async () => {
    for (const service of [
      '',
      KeyPoolService.typeName,
      'keypool.v1.AuthService',
      'keypool.v1.AdminService',
    ]) {
      const answer = await start(client, Health.method.check, { service }, {}).answer;
      assert.equal(answer.status, Serving.SERVING);
    }
    const unknown = await failure(start(client, Health.method.check, { service: 'no.Such' }, {}).answer);
    assert.equal(unknown.code, status.NOT_FOUND);
    const { statuses } = await start(client, Health.method.list, {}, {}).answer;
    assert.equal(Object.keys(statuses).length, 4);
  });
});
