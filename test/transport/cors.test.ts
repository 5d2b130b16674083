import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCors } from '../../src/transport/http/cors.ts';

const APP = 'https://app.example';

describe('a page of another origin', () => {
  it('may call when its origin is configured, and may see what it needs', () => {
    const cors = createCors([APP]);
    const preflight = cors.preflightFor(APP);
    assert.equal(preflight['Access-Control-Allow-Origin'], APP);
    assert.match(preflight['Access-Control-Allow-Methods'] ?? '', /POST/);
    for (const name of [
      'Authorization',
      'X-API-Key',
      'Content-Type',
      'Connect-Protocol-Version',
      'Grpc-Timeout',
    ])
      assert.match(preflight['Access-Control-Allow-Headers'] ?? '', new RegExp(`\\b${name}\\b`, 'i'));
    const headers = cors.headersFor(APP);
    for (const name of [
      'grpc-status',
      'grpc-message',
      'grpc-status-details-bin',
      'Retry-After',
      'X-Request-Id',
    ])
      assert.match(headers['Access-Control-Expose-Headers'] ?? '', new RegExp(`\\b${name}\\b`, 'i'));
  });

  it('may not call when it is not, and caches know that it depends', () => {
    for (const headers of [
      createCors([APP]).headersFor('https://evil.example'),
      createCors([APP]).headersFor(undefined),
    ])
      assert.deepEqual(headers, { Vary: 'Origin' });
    assert.deepEqual(createCors([]).preflightFor(APP), {});
  });

  it('may call from anywhere when any origin is configured, but never with credentials of the browser', () => {
    const headers = createCors(['*']).headersFor('https://anybody.example');
    assert.equal(headers['Access-Control-Allow-Origin'], '*');
    assert.ok(!('Access-Control-Allow-Credentials' in headers));
  });
});
