import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { VerifyCode } from '../../gen/keypool/v1/auth_messages_pb.ts';
import { UsageEventKind } from '../../gen/keypool/v1/usage_event_pb.ts';
import { eventually } from '../support/eventually.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const MINUTE_MS = 60_000;

describe('the RPC VerifyToken', () => {
  let service: InMemory;
  let auth: ReturnType<InMemory['clients']>['auth'];
  before(async () => {
    service = await inMemory();
    const { token } = await issue({ name: 'backend', scopes: ['tokens.verify'] });
    auth = service.clients(token).auth;
  });
  after(() => service[Symbol.asyncDispose]());

  async function issue(consumer: { name: string; scopes?: string[]; creditsPerMinute?: number }) {
    const made = await service.clients().admin.createConsumer({ consumer });
    return { id: made.consumer?.id ?? '', token: made.token };
  }

  it('answers whose token it is, what it may be used for and where its credits stand', async () => {
    const { id, token } = await issue({ name: 'Ada', scopes: ['chat', 'files'], creditsPerMinute: 100 });
    const beganAt = Date.now();
    const answer = await auth.verifyToken({ token, requiredScopes: ['chat'], cost: 7, resource: '/chat' });
    assert.equal(answer.code, VerifyCode.VALID);
    assert.deepEqual([answer.consumer?.id, answer.consumer?.name, answer.subject], [id, 'Ada', '']);
    assert.deepEqual(answer.scopes, ['chat', 'files']);
    const { limit, cost, remaining, resetTime } = answer.credits ?? {};
    assert.deepEqual([limit, cost, remaining], [100, 7, 93]);
    assert.ok(resetTime !== undefined && timestampMs(resetTime) >= beganAt + MINUTE_MS);
    assert.equal(answer.retryTime, undefined);
  });

  it('costs one credit unless told otherwise, and nothing where that is said', async () => {
    const { token } = await issue({ name: 'Bob', creditsPerMinute: 10 });
    assert.equal((await auth.verifyToken({ token })).credits?.remaining, 9);
    assert.equal((await auth.verifyToken({ token, cost: 0 })).credits?.remaining, 9);
    assert.equal((await auth.verifyToken({ token, cost: 9 })).credits?.remaining, 0);
  });

  it('tells where nothing limits a client by telling no credits', async () => {
    const { token } = await issue({ name: 'Cy' });
    assert.equal((await auth.verifyToken({ token })).credits, undefined);
  });

  it('tells when too few credits are enough again', async () => {
    const { token } = await issue({ name: 'Di', creditsPerMinute: 3 });
    await auth.verifyToken({ token, cost: 2 });
    const answer = await auth.verifyToken({ token, cost: 2 });
    assert.equal(answer.code, VerifyCode.CREDITS_EXHAUSTED);
    assert.deepEqual([answer.credits?.remaining, answer.credits?.cost], [1, 2]);
    assert.ok(answer.retryTime !== undefined && timestampMs(answer.retryTime) > Date.now());
    const never = await auth.verifyToken({ token, cost: 4 });
    assert.deepEqual([never.code, never.retryTime], [VerifyCode.CREDITS_EXHAUSTED, undefined]);
  });

  it('tells nothing but the code of a token that is not accepted', async () => {
    const { $typeName: _, ...told } = await auth.verifyToken({ token: 'nobody' });
    const nothing = { consumer: undefined, credits: undefined, retryTime: undefined, extra: undefined };
    assert.deepEqual(
      { ...nothing, ...told },
      { ...nothing, code: VerifyCode.NOT_FOUND, subject: '', scopes: [] },
    );
  });

  it('leaves a usage event with what was called and from where', async () => {
    const { id, token } = await issue({ name: 'Eve' });
    await auth.verifyToken({ token, cost: 4, resource: '/chat', ipAddress: '192.0.2.7', requestId: 'mine' });
    const event = await eventually('the event is listed', async () => {
      const { usageEvents } = await service.clients().admin.listUsageEvents({ consumerId: id });
      return usageEvents[0] ?? null;
    });
    assert.deepEqual(
      [event.kind, event.units, event.resource, event.peerAddress, event.requestId],
      [UsageEventKind.VERIFY, 4, '/chat', '192.0.2.7', 'mine'],
    );
  });

  it('is refused with a reason to who may not ask, and for fields that break their rules', async () => {
    const { token } = await issue({ name: 'Flo' });
    const refusedWith = (code: Code) => (error: unknown) =>
      error instanceof ConnectError && error.code === code;
    const asFlo = service.clients(token).auth;
    await assert.rejects(asFlo.verifyToken({ token }), refusedWith(Code.PermissionDenied));
    for (const wrong of [
      { cost: -1 },
      { cost: 1_000_001 },
      { ipAddress: 'nowhere' },
      { requiredScopes: ['No Scope'] },
      { resource: 'a\nb' },
      { resource: 'x'.repeat(201) },
      { requestId: '' },
      { requestId: 'ü' },
    ])
      await assert.rejects(
        auth.verifyToken({ token, ...wrong }),
        refusedWith(Code.InvalidArgument),
        JSON.stringify(wrong),
      );
  });
});
