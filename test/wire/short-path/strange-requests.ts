import { create, type DescMessage, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { VerifyTokenRequestSchema } from '../../../gen/keypool/v1/auth_messages_pb.ts';
import { DrawKeyRequestSchema } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { GetTierRequestSchema } from '../../../gen/keypool/v1/tier_messages_pb.ts';
import type { WireRequest } from './exchange.ts';

/** What requests are about. */
export interface About {
  readonly feature: string;
  /** A feature whose only key is at its limit. */
  readonly spent: string;
  readonly token: string;
  readonly adminToken: string;
  readonly maxBytes: number;
}

const CALL = '/keypool.v1.';

/** Calls that change nothing but the audit, paths that lead nowhere, and what is beside the short path. */
const path = fc.oneof(
  { weight: 8, arbitrary: fc.constant(`${CALL}KeyPoolService/DrawKey`) },
  { weight: 2, arbitrary: fc.constant(`${CALL}KeyPoolService/GetAvailability`) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      `${CALL}AuthService/WhoAmI`,
      `${CALL}AuthService/VerifyToken`,
      `${CALL}AuthService/VerifyToken`,
      `${CALL}AuthService/BatchRecordUsage`,
      `${CALL}AdminService/GetUsageSummary`,
      `${CALL}AdminService/GetTier`,
      `${CALL}AdminService/ListKeys`,
      `${CALL}AdminService/DeleteTier`,
      `${CALL}AdminService/RegenerateToken`,
      `${CALL}AdminService/RevokeConsumer`,
      `${CALL}AdminService/DenySubject`,
      `${CALL}AdminService/ListDeniedSubjects`,
      `${CALL}KeyPoolService/NoSuchCall`,
      `${CALL}KeyPoolService/DrawKey?a=b`,
      `${CALL}keypoolservice/drawkey`,
      '/grpc.health.v1.Health/Check',
      '/health',
      '/.well-known/jwks.json',
    ),
  },
);

const method = fc.oneof(
  { weight: 20, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT') },
);

const contentType = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'application/json',
      'application/proto',
      'application/grpc',
      'application/grpc+proto',
      'application/grpc+json',
      'application/grpc-web',
      'application/grpc-web+proto',
      'application/grpc-web+json',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'application/json;charset=utf-8',
      'application/json; charset=UTF-8',
      'application/json; charset=latin1',
      'APPLICATION/JSON',
      'application/grpc+proto; a=b',
      'application/grpc-web-text',
      'application/connect+json',
      'application/connect+proto',
      'application/x-www-form-urlencoded',
      'text/plain',
      '',
    ),
  },
);

function json(about: About): fc.Arbitrary<string> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<unknown>(about.feature, about.spent, 'no-such', 'No Such') },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(1, 0, -1, 2, 1e6, 1e6 + 1, 2 ** 31, 1e300, 1.5) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<unknown>('1', '1.0', '007', '', null, true, [], {}, '\ud800', 'ü'),
    },
  );
  const object = fc.record(
    {
      feature: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom<unknown>(about.feature, about.spent) },
        value,
      ),
      units: value,
      tierId: value,
      tier_id: value,
      requestId: value,
      id: value,
      pageSize: value,
      token: fc.oneof(fc.constantFrom<unknown>(about.token, about.adminToken), value),
      requiredScopes: fc.oneof(fc.constantFrom<unknown>([], ['api:access'], ['other'], ['No Scope']), value),
      ipAddress: fc.oneof(fc.constantFrom<unknown>('192.0.2.7', '::1', 'nowhere'), value),
      cost: value,
      unknown: value,
    },
    { requiredKeys: [] },
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(JSON.stringify({ feature: about.feature })) },
    { weight: 1, arbitrary: fc.constant(JSON.stringify({ token: about.token })) },
    { weight: 6, arbitrary: object.map((fields) => JSON.stringify(fields)) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '',
        '{}',
        ' {} ',
        'null',
        '[]',
        '"x"',
        '{"feature":',
        `{"feature":"${about.feature}","feature":"${about.feature}"}`,
        `\ufeff{"feature":"${about.feature}"}`,
        `{"feature":"${'x'.repeat(about.maxBytes)}"}`,
        `{"feature":"${about.feature}"}{}`,
      ),
    },
  );
}

function binaryOf<Desc extends DescMessage>(
  schema: Desc,
  fields: Parameters<typeof create<Desc>>[1],
): Uint8Array {
  return toBinary(schema, create(schema, fields));
}

function binary(about: About): fc.Arbitrary<Uint8Array> {
  const draw = (fields: { feature?: string; units?: number; tierId?: string }): Uint8Array =>
    binaryOf(DrawKeyRequestSchema, fields);
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(draw({ feature: about.feature })) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        draw({ feature: about.spent }),
        draw({ feature: about.feature, units: 3 }),
        draw({ feature: about.feature, units: -3 }),
        draw({ feature: about.feature, tierId: about.feature }),
        draw({ feature: 'No Such' }),
        draw({ feature: 'x'.repeat(about.maxBytes + 1) }),
        binaryOf(GetTierRequestSchema, { id: about.feature }),
        binaryOf(VerifyTokenRequestSchema, { token: about.token, resource: '/chat', cost: 2 }),
        new Uint8Array(),
      ),
    },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  );
}

function envelope(flags: number, data: Uint8Array, bytes = data.byteLength): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(bytes, 1);
  return Buffer.concat([head, data]);
}

/** A message in the frame of gRPC, and what else may come in its place. */
function framed(message: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      message,
      fc.constantFrom('one', 'one', 'one', 'one', 'two', 'short', 'long', 'flag', 'end', 'bare', 'more'),
    )
    .map(([data, form]) => {
      const one = envelope(0, data);
      switch (form) {
        case 'two':
          return Buffer.concat([one, one]);
        case 'short':
          return one.subarray(0, Math.max(0, one.byteLength - 2));
        case 'long':
          return envelope(0, data, data.byteLength + 9);
        case 'flag':
          return envelope(1, data);
        case 'end':
          return Buffer.concat([one, envelope(0x80, Buffer.from('a: b\r\n'))]);
        case 'bare':
          return data;
        case 'more':
          return Buffer.concat([one, Buffer.from([0])]);
        default:
          return one;
      }
    });
}

/** Mostly a body of the kind that the content type names. */
function bodyFor(type: string, about: About): fc.Arbitrary<Uint8Array> {
  const text = json(about).map((sent): Uint8Array => Buffer.from(sent));
  const message = type.toLowerCase().includes('json') ? text : binary(about);
  const fitting = /grpc|connect\+/i.test(type) ? framed(message) : message;
  return fc.oneof(
    { weight: 12, arbitrary: fitting },
    { weight: 1, arbitrary: fc.oneof(text, binary(about)) },
  );
}

function credentials(about: About): fc.Arbitrary<Record<string, string>> {
  const { token, adminToken } = about;
  const wrong = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom<Record<string, string>>(
        { authorization: `Bearer ${token}` },
        { authorization: `Bearer ${adminToken}` },
        { 'x-api-key': token },
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Record<string, string>>(
        {},
        { authorization: `bearer   ${token}  ` },
        { authorization: `Bearer ${wrong}` },
        { authorization: 'Bearer nonsense' },
        { authorization: 'Bearer' },
        { authorization: 'Basic YTpi' },
        { authorization: 'Basic YTpi', 'x-api-key': token },
        { authorization: `Bearer ${wrong}`, 'x-api-key': token },
        { authorization: '', 'x-api-key': token },
        { 'x-api-key': '' },
        { 'x-api-key': `${token} ${token}` },
        { 'x-api-key': 'ü' },
      ),
    },
  );
}

const some = (...values: string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );

const furtherHeaders = fc.record({
  'x-request-id': some('trace-1', 'x'.repeat(129), 'a b', ''),
  origin: some('https://app.example', 'https://evil.example', ''),
  'connect-protocol-version': some('1', '2', ''),
  'connect-timeout-ms': some('soon', '-1', '', '5000', '99999999', '99999999999', '5e3', ' 7000 '),
  'grpc-timeout': some('soon', '5', '5S', '20M', '99999999H', '999999999S', '-1S', ''),
  'content-encoding': some('gzip', 'identity', 'zstd', ''),
  'grpc-encoding': some('gzip', 'identity', 'zstd', ''),
  'accept-encoding': some('gzip', 'br, gzip', 'identity'),
  'grpc-accept-encoding': some('gzip', 'identity,deflate,gzip', 'br,gzip', 'zstd', ''),
  'x-forwarded-for': some('203.0.113.9', 'nonsense'),
  te: some('trailers'),
  expect: some('100-continue', '100-Continue', 'more'),
  'user-agent': some('curl/8'),
});

/** Requests good, bad and strange. */
export function strangeRequest(about: About): fc.Arbitrary<WireRequest> {
  return contentType.chain((type) =>
    fc
      .record({
        method,
        path,
        body: bodyFor(type, about),
        auth: credentials(about),
        further: furtherHeaders,
        pieces: fc.constantFrom(1, 1, 2, 3),
        chunked: fc.constantFrom(false, false, true),
      })
      .map(({ auth, further, ...rest }) => {
        const headers: Record<string, string> = { ...auth };
        if (type !== '') headers['content-type'] = type;
        for (const [name, value] of Object.entries(further)) if (value !== undefined) headers[name] = value;
        return { ...rest, headers };
      }),
  );
}
