import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { readHead } from '../../src/transport/short-path/head.ts';

const LIMITS = { requestTimeoutMs: 30_000, maxRequestBytes: 1000 };
const JSON_CALL = { 'content-type': 'application/json' };
const GRPC_CALL = { 'content-type': 'application/grpc', te: 'trailers' };

/** How a head is read over HTTP/2. */
const read = (headers: IncomingHttpHeaders) => readHead(headers, LIMITS, true);

describe('the head of a call', () => {
  it('of each common client is for the short path', () => {
    for (const [type, protocol, json] of [
      ['application/json', 'connect', true],
      ['application/proto', 'connect', false],
      ['application/grpc', 'grpc', false],
      ['application/grpc+proto', 'grpc', false],
      ['application/grpc+json', 'grpc', true],
      ['application/grpc-web+proto', 'grpc-web', false],
      ['application/grpc-web+json', 'grpc-web', true],
    ] as const) {
      const head = read({
        'content-type': type,
        'content-length': '20',
        authorization: 'Bearer abc',
        'grpc-accept-encoding': 'identity,deflate,gzip',
        'accept-encoding': 'gzip, br',
        'user-agent': 'grpc-node-js/1.14.7',
      });
      assert.deepEqual([head?.format.protocol, head?.format.json], [protocol, json], type);
      assert.deepEqual([head?.token, head?.timeoutMs], ['abc', 30_000]);
    }
  });

  it('tells how long the call may take', () => {
    assert.equal(read({ ...JSON_CALL, 'connect-timeout-ms': '250' })?.timeoutMs, 250);
    assert.equal(read({ ...GRPC_CALL, 'grpc-timeout': '2S' })?.timeoutMs, 2000);
    assert.equal(read({ ...GRPC_CALL, 'grpc-timeout': '99999999H' })?.timeoutMs, 30_000);
  });

  it('that is out of the ordinary is for the general path', () => {
    for (const headers of [
      {},
      { 'content-type': 'application/connect+json' },
      { 'content-type': 'application/grpc-web-text' },
      { ...JSON_CALL, expect: '100-continue' },
      { ...JSON_CALL, 'content-encoding': 'gzip' },
      { ...GRPC_CALL, 'grpc-encoding': 'gzip' },
      { ...JSON_CALL, 'content-length': '1001' },
      { ...JSON_CALL, 'connect-timeout-ms': 'soon' },
      { ...JSON_CALL, 'connect-timeout-ms': '0' },
      { ...JSON_CALL, authorization: 'Basic YTpi' },
      { ...JSON_CALL, 'x-api-key': 'a b' },
    ])
      assert.equal(read(headers), null, JSON.stringify(headers));
  });

  it('of gRPC needs trailers', () => {
    assert.equal(readHead(GRPC_CALL, LIMITS, false), null);
  });
});
