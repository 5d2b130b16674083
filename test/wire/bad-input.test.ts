import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DescField, type DescMethod, ScalarType } from '@bufbuild/protobuf';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { callJson, refused } from './json-call.ts';
import { addPool, type Served, serve } from './served.ts';

const METHODS: readonly DescMethod[] = [KeyPoolService, AuthService, AdminService].flatMap(({ methods }) =>
  methods.filter(({ methodKind }) => methodKind === 'unary'),
);
/** What may be called with nothing said. */
const SAYS_NOTHING =
  /^(WhoAmI|GetStatus|GetUsageSummary|List\w+|VerifyToken|ExchangeToken|ResealKeys|RotateSigningKey)$/;
/** What a client of somebody else's sent, and a text of many lines: the answer says what they are not. */
const HOLD_ANYTHING = new Set([
  'keypool.v1.VerifyTokenRequest.token',
  'keypool.v1.ImportKeysRequest.content',
]);

const pathOf = (method: DescMethod) => `${method.parent.name}/${method.name}`;
const isText = (field: DescField) => field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
const isNumber = (field: DescField) => field.fieldKind === 'scalar' && field.scalar === ScalarType.INT32;

describe('bad input', () => {
  let served: Served;
  let storedBefore: unknown;
  /** Everything that a call could have stored. */
  const stored = async () => {
    const { store } = served.context;
    const all = { after: null, limit: 1000 };
    return [
      await store.listAdminEvents({}, all),
      await store.listUsageEvents({}, all),
      await store.poolSizes(1000),
    ];
  };
  before(async () => {
    served = await serve({ MAX_REQUEST_BYTES: '100000' });
    await addPool(served);
    storedBefore = await stored();
  });
  after(async () => {
    assert.deepEqual(await stored(), storedBefore);
    assert.equal((await callJson(served, 'AuthService/WhoAmI', {})).status, 200);
    assert.deepEqual(
      served.log.filter(({ level }) => level === 'error'),
      [],
    );
    await served.close();
  });

  for (const method of METHODS) {
    const path = pathOf(method);
    it(`of ${path} is refused where it is not JSON, or no object`, async () => {
      for (const body of [
        '',
        '{"a',
        '{]',
        '[]',
        'null',
        '"text"',
        '7',
        '{"a":1,"a":1',
        '\u0000',
        '{'.repeat(5000),
      ])
        refused(await callJson(served, path, body), 400, 'INVALID_REQUEST');
    });

    it(`of ${path} is refused where a field is unknown`, async () => {
      const error = refused(await callJson(served, path, { noSuchField: 1 }), 400, 'INVALID_FIELD');
      assert.deepEqual(error.fields, ['noSuchField']);
      assert.match(error.message, /noSuchField/);
    });

    it(`of ${path} is refused where a field has the wrong type`, async () => {
      for (const field of method.input.fields) {
        const wrong = field.fieldKind === 'list' ? 7 : [[7]];
        const error = refused(
          await callJson(served, path, { [field.jsonName]: wrong }),
          400,
          'INVALID_FIELD',
        );
        assert.deepEqual(error.fields, [field.jsonName]);
      }
    });

    it(`of ${path} is refused where a text is too long or a number too large`, async () => {
      for (const field of method.input.fields) {
        if (!isText(field) && !isNumber(field)) continue;
        if (HOLD_ANYTHING.has(`${field.parent.typeName}.${field.name}`)) continue;
        const values = isText(field)
          ? ['x'.repeat(5000)]
          : [1e99, -1e99, 2 ** 31, '9'.repeat(400), 1.5, 2 ** 31 - 1, -1];
        for (const value of values) {
          const error = refused(
            await callJson(served, path, { [field.jsonName]: value }),
            400,
            'INVALID_FIELD',
          );
          assert.ok(error.fields.includes(field.jsonName), `${field.jsonName}: ${error.fields}`);
        }
      }
    });

    it(`of ${path} is refused where it is not the message's binary form`, async () => {
      const headers = { 'Content-Type': 'application/proto' };
      for (const body of ['\u007f\u007f\u007f', '\u0008', '\u000f'])
        refused(await callJson(served, path, body, { headers }), 400, 'INVALID_REQUEST');
    });

    it(`of ${path} is refused where it is too large`, async () => {
      refused(await callJson(served, path, { id: 'x'.repeat(200_000) }), 429, 'REQUEST_TOO_LARGE');
    });

    if (!SAYS_NOTHING.test(method.name))
      it(`of ${path} is refused where nothing is said`, async () => {
        const error = refused(await callJson(served, path, {}), 400, 'INVALID_FIELD');
        assert.ok(error.fields.length > 0);
      });
  }

  it('is refused in every content type that is not served, and by every other method', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data', ''])
      refused(
        await callJson(served, 'KeyPoolService/DrawKey', '{}', { headers: { 'Content-Type': type } }),
        415,
        'INVALID_REQUEST',
      );
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(`${served.url}/keypool.v1.KeyPoolService/DrawKey`, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get('allow'), 'POST');
    }
  });

  it('is refused where the time-out or the compression cannot be read', async () => {
    const draw = (headers: Record<string, string>) =>
      callJson(served, 'KeyPoolService/DrawKey', {}, { headers });
    const late = refused(await draw({ 'Connect-Timeout-Ms': 'soon' }), 400, 'INVALID_REQUEST');
    assert.match(late.message, /time-out/);
    assert.doesNotMatch(late.message, /not JSON/);
    refused(await draw({ 'Content-Encoding': 'zstd' }), 400, 'INVALID_REQUEST');
    refused(await draw({ 'Content-Encoding': 'gzip' }), 400, 'INVALID_REQUEST');
  });

  it('never comes back in the answer where it is a secret', async () => {
    const value = 'upstream-value-1';
    for (const key of [
      { value: [value] },
      { value: { value } },
      { tierId: 't', value: `enc:gcm:${value}` },
    ]) {
      const answer = await callJson(served, 'AdminService/CreateKey', { key });
      refused(answer, 400, 'INVALID_FIELD');
      assert.ok(!JSON.stringify(answer.body).includes(value));
    }
  });
});
