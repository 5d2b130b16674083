import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientSessionOptions, connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type Attacked, attacked, type Issued } from './attacked.ts';
import { refused, toldError } from './json-call.ts';
import { connectTo } from './raw-connection.ts';

/** Sends what its types do not know that it can be told to send. */
const LENIENT: ClientSessionOptions & { readonly strictSingleValueFields: boolean } = {
  strictSingleValueFields: false,
};
const PATH = '/keypool.v1.AuthService/WhoAmI';

let target: Attacked;
let good: Issued;
before(async () => {
  target = await attacked('SQLite');
  good = await target.issue();
});
after(() => target[Symbol.asyncDispose]());

/** All that comes back for these bytes, on a connection that is closed after it. */
async function answerTo(...lines: readonly string[]): Promise<string> {
  await using connection = await connectTo(target.served.port);
  connection.send(lines.join('\r\n'));
  return await connection.closed;
}

/** A call with these header lines, and `{}` as its body. */
function callWith(...headers: readonly string[]): Promise<string> {
  const head = [
    `POST ${PATH} HTTP/1.1`,
    'Host: keypool',
    'Content-Type: application/json',
    'Connection: close',
  ];
  return answerTo(...head, ...headers, 'Content-Length: 2', '', '{}');
}

function statusOf(raw: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(raw)?.[1]);
}

function reasonOf(raw: string): string {
  return toldError({ body: JSON.parse(raw.slice(raw.indexOf('\r\n\r\n') + 4)) }).reason;
}

const answersIn = (raw: string) => raw.match(/HTTP\/1\.1 \d{3} /g)?.length;

describe('a request whose head is made to be read in two ways', () => {
  it('is refused with two credentials in one header, whichever of them is good', async () => {
    const [yes, no] = [`Bearer ${good.token}`, 'Bearer nobody'];
    for (const [first, second] of [
      [yes, no],
      [no, yes],
      [yes, yes],
    ]) {
      const raw = await callWith(`Authorization: ${first}`, `Authorization: ${second}`);
      assert.deepEqual([statusOf(raw), reasonOf(raw)], [401, 'TOKEN_INVALID']);
    }
    const raw = await callWith(`X-API-Key: ${good.token}`, 'X-API-Key: nobody');
    assert.deepEqual([statusOf(raw), reasonOf(raw)], [401, 'TOKEN_INVALID']);
  });

  it('is refused so over HTTP/2 too', async () => {
    const session = connect(target.served.url, LENIENT);
    const fields = ['authorization', `Bearer ${good.token}`, 'authorization', 'Bearer nobody'];
    const head = [':method', 'POST', ':path', PATH, 'content-type', 'application/json', ...fields];
    const stream = session.request(head, { endStream: false });
    stream.end('{}');
    const [headers] = await once(stream, 'response');
    const body = JSON.parse(await text(stream));
    session.close();
    assert.deepEqual([headers[':status'], toldError({ body }).reason], [401, 'TOKEN_INVALID']);
  });

  it('is judged by its Authorization alone, where an X-API-Key says otherwise', async () => {
    const refusal = await callWith('Authorization: Bearer nobody', `X-API-Key: ${good.token}`);
    assert.equal(reasonOf(refusal), 'TOKEN_INVALID');
    assert.equal(statusOf(await callWith(`Authorization: Bearer ${good.token}`, 'X-API-Key: nobody')), 200);
  });

  it('brings no credential in a name that only looks like one, in trailers or in the query', async () => {
    for (const header of [
      `X_API_Key: ${good.token}`,
      `Authorization_: Bearer ${good.token}`,
      `Cookie: token=${good.token}`,
    ])
      assert.equal(reasonOf(await callWith(header)), 'TOKEN_MISSING', header);
    const chunked = [
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Trailer: Authorization',
    ];
    const trailer = ['', '2', '{}', '0', `Authorization: Bearer ${good.token}`, '', ''];
    const head = [`POST ${PATH} HTTP/1.1`, 'Host: keypool', 'Connection: close'];
    assert.equal(reasonOf(await answerTo(...head, ...chunked, ...trailer)), 'TOKEN_MISSING');
    const query = `POST ${PATH}?access_token=${good.token} HTTP/1.1`;
    const plain = [
      'Host: keypool',
      'Content-Type: application/json',
      'Connection: close',
      'Content-Length: 2',
    ];
    assert.equal(reasonOf(await answerTo(query, ...plain, '', '{}')), 'TOKEN_MISSING');
  });

  it('is no request where its lines, its names or its length are in doubt', async () => {
    const credential = `Authorization: Bearer ${good.token}`;
    for (const doubtful of [
      [`Authorization : Bearer ${good.token}`],
      ['Authorization: Bearer', ` ${good.token}`, 'X-Folded: a', '\tb: c'],
      [`X-A: b\rAuthorization: Bearer ${good.token}`],
      [`X-A: b\0`, credential],
      [credential, 'Content-Length: 5'],
      [credential, 'Content-Length: 2, 2'],
      [credential, 'Transfer-Encoding: chunked'],
      [credential, 'Transfer-Encoding: chunked, identity'],
      [credential, 'Transfer-Encoding: xchunked'],
    ]) {
      const raw = await callWith(...doubtful);
      assert.equal(statusOf(raw), 400, `${JSON.stringify(doubtful)}: ${raw}`);
      assert.equal(reasonOf(raw), 'INVALID_REQUEST');
      assert.equal(answersIn(raw), 1);
    }
  });

  it('is one request, whatever its body looks like', async () => {
    const inner = `POST /keypool.v1.AdminService/ListTiers HTTP/1.1\r\nAuthorization: Bearer ${target.served.adminToken}\r\n\r\n{}`;
    const head = [
      `POST ${PATH} HTTP/1.1`,
      'Host: keypool',
      'Content-Type: application/json',
      'Connection: close',
    ];
    const length = `Content-Length: ${inner.length}`;
    const raw = await answerTo(...head, `Authorization: Bearer ${good.token}`, length, '', inner);
    assert.deepEqual([statusOf(raw), reasonOf(raw), answersIn(raw)], [400, 'INVALID_REQUEST', 1]);
  });

  it('is too large with a token of twenty thousand letters, and refused without a word of it', async () => {
    const token = 'kp_live_'.padEnd(20_000, 'x');
    const raw = await callWith(`Authorization: Bearer ${token}`);
    assert.equal(statusOf(raw), 431);
    assert.ok(!raw.includes('xxxx'));
    const smaller = await target.call('AuthService/WhoAmI', {}, { token: token.slice(0, 12_000) });
    refused(smaller, 401, 'TOKEN_INVALID');
    target.assertNothingLeaked([good.token, 'xxxx']);
  });
});
