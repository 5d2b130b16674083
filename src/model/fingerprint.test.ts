import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFingerprint } from './fingerprint.ts';

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a fingerprint', () => {
  it('is equal for equal values under one key, and only then', () => {
    fc.assert(
      fc.property(keys, fc.string(), fc.string(), (key, a, b) => {
        const fingerprint = createFingerprint(key);
        assert.match(fingerprint(a), /^[0-9a-f]{64}$/);
        assert.equal(fingerprint(a) === fingerprint(b), a === b);
      }),
    );
  });

  it('tells nothing without its key: another key gives another', () => {
    fc.assert(
      fc.property(keys, keys, fc.string(), (one, other, value) => {
        fc.pre(!Buffer.from(one).equals(Buffer.from(other)));
        assert.notEqual(createFingerprint(one)(value), createFingerprint(other)(value));
      }),
    );
  });
});
