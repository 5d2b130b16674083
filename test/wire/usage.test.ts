import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { sharedMongod } from '../support/mongod.ts';
import { callJson, type JsonAnswer, refused } from './json-call.ts';
import { addPool, type Served, serve } from './served.ts';

const RECORDS = 'AuthService/BatchRecordUsage';
const SUMMARY = 'AdminService/GetUsageSummary';

const STORES = {
  SQLite: async () => serve(),
  MongoDB: async (t: TestContext) => {
    const lease = await sharedMongod();
    const served = await serve({ DATABASE_URL: lease.uri });
    t.after(async () => {
      await served.close();
      await lease.drop();
    });
    return served;
  },
};

/** A client of the API, and a backend that may record what it used. */
async function clients(served: Served) {
  const backend = await issue(served, 'backend', ['usage.write', 'tokens.verify']);
  const client = await issue(served, 'client', []);
  const record = (...events: readonly object[]) =>
    callJson(served, RECORDS, { events }, { token: backend.token });
  return { backend, client, record };
}

async function issue(served: Served, name: string, scopes: readonly string[]) {
  const { body } = await callJson(served, 'AdminService/CreateConsumer', { consumer: { name, scopes } });
  const { consumer, token } = body as { consumer: { id: string }; token: string };
  return { id: consumer.id, token };
}

function served200(answer: JsonAnswer): JsonAnswer['body'] {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

for (const [name, start] of Object.entries(STORES))
  describe(`usage over the wire, on ${name}`, () => {
    it('that a backend records is listed, once each, and summed up with draws', async (t) => {
      await using served = await start(t);
      const { backend, client, record } = await clients(served);
      const pool = await addPool(served);
      const drawn = { token: pool.token };
      served200(await callJson(served, 'KeyPoolService/DrawKey', { feature: pool.feature, units: 3 }, drawn));
      const asked = { token: client.token, cost: 4, resource: '/chat', requestId: 'verified-1' };
      served200(await callJson(served, 'AuthService/VerifyToken', asked, { token: backend.token }));
      const one = {
        id: 'r-1',
        consumerId: client.id,
        units: 2,
        resource: '/chat',
        endpoint: 'POST /v1/chat',
        statusCode: 429,
        outcome: 'OUTCOME_RATE_LIMITED',
        requestId: 'verified-1',
        ipAddress: '192.0.2.7',
      };
      const other = { id: 'r-2', consumerId: client.id, endpoint: 'GET /v1/models', statusCode: 200 };
      assert.deepEqual(served200(await record(one, other)), { recordedCount: 2 });
      assert.deepEqual(served200(await record(other, { ...one, units: 9 })), {});
      const listed = served200(
        await callJson(served, 'AdminService/ListUsageEvents', { consumerId: client.id }),
      ).usageEvents as readonly Record<string, unknown>[];
      const event = listed.find(({ endpoint }) => endpoint === one.endpoint);
      const { id: _, ipAddress: peerAddress, ...said } = one;
      assert.deepEqual(listed.map(({ kind }) => String(kind).slice('USAGE_EVENT_KIND_'.length)).sort(), [
        'RECORDED',
        'RECORDED',
        'VERIFY',
      ]);
      assert.deepEqual(event, {
        ...{ ...said, peerAddress, kind: 'USAGE_EVENT_KIND_RECORDED' },
        ...{ id: event?.id, time: event?.time },
      });
      const summary = served200(await callJson(served, SUMMARY, { consumerId: client.id }));
      assert.deepEqual(summary, {
        requestCount: '2',
        units: '6',
        errorCount: '1',
        lastUsedTime: summary.lastUsedTime,
        verifyCount: '1',
        recordedCount: '2',
        endpoints: [
          { endpoint: 'GET /v1/models', eventCount: '1' },
          { endpoint: 'POST /v1/chat', eventCount: '1', units: '2', errorCount: '1' },
        ],
        resources: [{ resource: '/chat', eventCount: '2', units: '6', errorCount: '1' }],
        statusCodes: [
          { statusCode: 200, eventCount: '1' },
          { statusCode: 429, eventCount: '1' },
        ],
        outcomes: [{ outcome: 'OUTCOME_RATE_LIMITED', eventCount: '1' }],
      });
      const ofFeature = served200(await callJson(served, SUMMARY, { feature: pool.feature }));
      assert.deepEqual([ofFeature.drawCount, ofFeature.requestCount, ofFeature.units], ['1', '1', '3']);
      const all = served200(await callJson(served, SUMMARY, {}));
      assert.deepEqual([all.requestCount, all.units, all.drawCount, all.recordedCount], ['3', '9', '1', '2']);
    });

    it('is summed up for hours of UTC that a period touches', async (t) => {
      await using served = await start(t);
      const { client, record } = await clients(served);
      served200(await record({ id: 'r', consumerId: client.id }));
      const now = served.context.store.now();
      const time = (ms: number) => new Date(ms).toISOString();
      const asked = { startTime: time(now - 1), endTime: time(now + 3_600_000) };
      const summary = served200(await callJson(served, SUMMARY, { consumerId: client.id, ...asked }));
      assert.equal(summary.requestCount, '1');
      assert.match(String(summary.startTime), /^\d{4}-\d\d-\d\dT\d\d:00:00Z$/);
      assert.match(String(summary.endTime), /^\d{4}-\d\d-\d\dT\d\d:00:00Z$/);
      const before = { endTime: time(now - 3_600_000) };
      const earlier = served200(await callJson(served, SUMMARY, { consumerId: client.id, ...before }));
      assert.deepEqual(Object.keys(earlier), ['endTime']);
      const last = '9999-12-31T23:59:59.999Z';
      const ever = { startTime: '1970-01-01T00:00:00Z', endTime: last };
      const whole = served200(await callJson(served, SUMMARY, { consumerId: client.id, ...ever }));
      assert.deepEqual([whole.requestCount, whole.startTime, whole.endTime], ['1', ever.startTime, last]);
    });
  });

describe('usage over the wire', () => {
  it('is recorded by who has the scope for it, and summed up for admins alone', async () => {
    await using served = await serve();
    const { backend, client, record } = await clients(served);
    const events = [{ id: 'r', consumerId: client.id }];
    const { token } = client;
    refused(await callJson(served, RECORDS, { events }, { token }), 403, 'SCOPE_REQUIRED');
    refused(await callJson(served, RECORDS, { events }, { token: null }), 401, 'TOKEN_MISSING');
    refused(await callJson(served, SUMMARY, {}, { token: backend.token }), 403, 'ADMIN_REQUIRED');
    const reader = await issue(served, 'reader', ['admin.read']);
    served200(await callJson(served, SUMMARY, {}, { token: reader.token }));
    refused(await callJson(served, RECORDS, { events }, { token: reader.token }), 403, 'SCOPE_REQUIRED');
    served200(await record(...events));
    // The ids of one caller are its own.
    assert.deepEqual(served200(await callJson(served, RECORDS, { events })), { recordedCount: 1 });
  });

  it('is refused by name where it is wrong, all of it', async () => {
    await using served = await serve();
    const { record } = await clients(served);
    const good = { id: 'r', consumerId: 'c-1' };
    const wrong: readonly (readonly [object[], string])[] = [
      [[], 'events'],
      [Array.from({ length: 101 }, (_, i) => ({ ...good, id: `r-${i}` })), 'events'],
      [[good, good], 'events'],
      [[good, { ...good, id: '' }], 'events[1].id'],
      [[{ ...good, consumerId: '' }], 'events[0].consumerId'],
      [[{ ...good, consumerId: 'a\nb' }], 'events[0].consumerId'],
      [[{ ...good, units: -1 }], 'events[0].units'],
      [[{ ...good, units: 1_000_001 }], 'events[0].units'],
      [[{ ...good, statusCode: 99 }], 'events[0].statusCode'],
      [[{ ...good, endpoint: 'x'.repeat(201) }], 'events[0].endpoint'],
      [[{ ...good, outcome: 99 }], 'events[0].outcome'],
      [[{ ...good, ipAddress: 'nowhere' }], 'events[0].ipAddress'],
    ];
    for (const [events, field] of wrong) {
      const answer = await record(...events);
      assert.equal(answer.status, 400, field);
      assert.ok(refused(answer, 400, 'INVALID_FIELD').fields.includes(field), field);
    }
    const asked: readonly (readonly [object, string])[] = [
      [{ keyId: '' }, 'keyId'],
      [{ feature: 'No Such' }, 'feature'],
      [{ startTime: '2026-01-02T00:00:00Z', endTime: '2026-01-01T00:00:00Z' }, 'endTime'],
      [{ startTime: '1969-12-31T23:59:59Z' }, 'startTime'],
    ];
    for (const [body, field] of asked)
      assert.ok(
        refused(await callJson(served, SUMMARY, body), 400, 'INVALID_FIELD').fields.includes(field),
        field,
      );
    refused(await callJson(served, SUMMARY, { keyId: 'k', feature: 'f' }), 400, 'INVALID_REQUEST');
    const all = served200(await callJson(served, SUMMARY, {}));
    assert.equal(all.requestCount, undefined);
  });

  it('is summed up by so many at a time', async () => {
    await using served = await serve({ HEAVY_CALLS: '1' });
    const held = Promise.withResolvers<void>();
    const holding = served.context.heavyCalls.run(undefined, () => held.promise);
    refused(await callJson(served, SUMMARY, {}), 503, 'HEAVY_CALLS_BUSY');
    held.resolve();
    await holding;
    served200(await callJson(served, SUMMARY, {}));
  });
});
