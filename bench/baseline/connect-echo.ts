import { createServer as createHttp1 } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { VerifyCode } from '../../gen/keypool/v1/auth_messages_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';

const A_TIME = { seconds: 1_750_000_000n, nanos: 0 };

/** What Connect itself costs: the same methods and messages, answered with constants. Argument: `http1` or `http2`. */
const routes = (router: ConnectRouter): void => {
  router.rpc(KeyPoolService.method.drawKey, (request) => ({
    drawId: '019a0000-0000-7000-8000-000000000000.0',
    keyId: '019a0000-0000-7000-8000-000000000001',
    keyName: 'echo',
    tierId: request.feature,
    value: 'a value as long as keys are in the field',
    units: 1,
  }));
  router.rpc(AuthService.method.verifyToken, (request) => ({
    code: VerifyCode.VALID,
    consumer: {
      id: '019a0000-0000-7000-8000-000000000002',
      name: request.resource,
      scopes: request.requiredScopes,
      creditsPerMinute: 1_000_000_000,
      createTime: A_TIME,
      updateTime: A_TIME,
      etag: '1',
    },
    credits: { limit: 1_000_000_000, cost: 1, remaining: 999_999_999, resetTime: A_TIME },
    scopes: request.requiredScopes,
  }));
};

const handler = connectNodeAdapter({ routes });
const server = process.argv[2] === 'http2' ? createHttp2(handler) : createHttp1({ noDelay: true }, handler);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`);
});
