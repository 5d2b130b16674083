import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import { callJson } from './json-call.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const LISTED = '203.0.113.9';
const ROOT = { identity: { kind: 'root' }, requestId: 'arrange', peerAddress: '127.0.0.1' } as const;

/** A service, and a consumer that may call from one address alone. */
async function arrange(env: Readonly<Record<string, string>>): Promise<Served & { pool: Pool }> {
  const served = await serve(env);
  const pool = await addPool(served);
  await updateConsumer(served.context, ROOT, {
    id: pool.consumerId,
    etag: null,
    changes: { allowedIps: [LISTED] },
  });
  return { ...served, pool };
}

/** Whether a call is let in with this header, by JSON over HTTP/1.1 and by gRPC over HTTP/2. */
async function letIn({ url, adminToken, pool }: Served & { pool: Pool }, forwardedFor: string) {
  const headers = { 'X-Forwarded-For': forwardedFor, 'X-Real-IP': LISTED, Forwarded: `for=${LISTED}` };
  const json = await callJson({ url, adminToken }, 'AuthService/WhoAmI', {}, { token: pool.token, headers });
  const grpc = createClient(AuthService, createGrpcTransport({ baseUrl: url }));
  const answer = grpc.whoAmI({}, { headers: { ...headers, Authorization: `Bearer ${pool.token}` } });
  const byGrpc = await answer.then(
    () => true,
    () => false,
  );
  assert.equal(byGrpc, json.status === 200);
  return byGrpc;
}

describe('X-Forwarded-For', () => {
  let proxied: Served & { pool: Pool };
  let open: Served & { pool: Pool };
  before(async () => {
    proxied = await arrange({ TRUSTED_PROXIES: '127.0.0.1, ::1, 10.0.0.0/8' });
    open = await arrange({});
  });
  after(() => Promise.all([proxied.close(), open.close()]));

  it('lets in who a trusted proxy names last', async () => {
    for (const header of [LISTED, `198.51.100.1, ${LISTED}`, `${LISTED}, 10.1.1.1`, `::ffff:${LISTED}`])
      assert.equal(await letIn(proxied, header), true, header);
  });

  it('lets nobody in by what stands further left, is no address, or is missing', async () => {
    for (const header of [
      `${LISTED}, 198.51.100.1`,
      `${LISTED}, unknown`,
      `${LISTED}, 198.51.100.1, 10.1.1.1`,
      '',
    ])
      assert.equal(await letIn(proxied, header), false, header);
  });

  it('means nothing from anybody else', async () => {
    for (const header of [LISTED, `${LISTED}, 127.0.0.1`])
      assert.equal(await letIn(open, header), false, header);
  });
});
