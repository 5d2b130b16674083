import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpAddress, parseIpAddress, parseIpLiteral } from './ip-address.ts';

function written(text: string): string | null {
  const address = parseIpLiteral(text);
  return address === null ? null : formatIpAddress(address);
}

/** Addresses with many zeros, which is what the rules are about. */
const sparse = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xabcd), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));

describe('an address', () => {
  it('of IPv6 is written as the platform writes it in a URL', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), sparse), (text) => {
        assert.equal(`[${written(text)}]`, new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  it('of IPv4 is written as it was read, also mapped into IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        assert.equal(written(text), text);
        const mapped = parseIpAddress(`::FFFF:${text}`);
        assert.equal(mapped === null ? null : formatIpAddress(mapped), text);
      }),
    );
  });
});
