import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeypoolError } from '../../src/domain/errors.ts';
import { nextPageToken, pageOf } from '../../src/transport/convert/page.ts';

const list = { rpc: 'ListKeys', filter: { tierId: 'free', state: undefined } };

function refusesToken(pageToken: string, by = list): void {
  assert.throws(
    () => pageOf({ pageSize: 10, pageToken }, by),
    (error) =>
      error instanceof KeypoolError &&
      error.reason === 'INVALID_FIELD' &&
      error.violations[0]?.field === 'pageToken',
    pageToken,
  );
}

describe('a page token', () => {
  it('carries any position from page to page', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (next) => {
        const pageToken = nextPageToken({ next }, list);
        assert.match(pageToken, /^[A-Za-z0-9_-]+$/);
        assert.deepEqual(pageOf({ pageSize: 7, pageToken }, list), { pageSize: 7, pageToken: next });
      }),
    );
  });

  it('is empty after the last page and for the first', () => {
    assert.equal(nextPageToken({ next: null }, list), '');
    assert.deepEqual(pageOf({ pageSize: 0, pageToken: '' }, list), { pageSize: 0, pageToken: '' });
  });

  it('is refused by another list and with another filter', () => {
    const token = nextPageToken({ next: 'k1' }, list);
    refusesToken(token, { ...list, rpc: 'ListConsumers' });
    refusesToken(token, { ...list, filter: { ...list.filter, tierId: 'paid' } });
  });

  it('is refused when it is malformed, whatever it is', () => {
    const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const token of [
      '%',
      'abc',
      json(null),
      json({}),
      json([]),
      json([1, 2]),
      json(['k1', 'x']),
      json(['', '']),
    ])
      refusesToken(token);
    fc.assert(fc.property(fc.string({ minLength: 1 }), (token) => refusesToken(token)));
  });
});
