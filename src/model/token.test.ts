import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createToken, isWellFormedToken, randomBase62, sameHash, TOKEN_PREFIX, tokenHash } from './token.ts';

const prefixes = fc.stringMatching(TOKEN_PREFIX);
const environments = fc.constantFrom('live' as const, 'test' as const);

describe('a token', () => {
  it('has its prefix, its environment and 38 letters of base62, and is well-formed', () => {
    fc.assert(
      fc.property(prefixes, environments, (prefix, environment) => {
        const token = createToken(prefix, environment, randomBytes);
        assert.ok(token.startsWith(`${prefix}_${environment}_`));
        assert.match(token.slice(prefix.length + 6), /^[0-9A-Za-z]{38}$/);
        assert.ok(isWellFormedToken(token));
      }),
    );
  });

  it('with any one letter replaced is refused without a look-up', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...'09AZaz_'), (at, letter) => {
        const token = createToken('kp', 'live', randomBytes);
        const i = at % token.length;
        fc.pre(token[i] !== letter);
        assert.equal(isWellFormedToken(token.slice(0, i) + letter + token.slice(i + 1)), false);
      }),
    );
  });

  it('with two neighbours exchanged, cut short or made longer is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: 43 }), (i) => {
        const token = createToken('kp', 'test', randomBytes);
        fc.pre(token[i] !== token[i + 1]);
        const swapped = `${token.slice(0, i)}${token[i + 1]}${token[i]}${token.slice(i + 2)}`;
        assert.equal(isWellFormedToken(swapped), false);
        assert.equal(isWellFormedToken(token.slice(0, -1)), false);
        assert.equal(isWellFormedToken(`${token}0`), false);
      }),
    );
  });

  it('is nothing that anybody would make up', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => !isWellFormedToken(text)));
  });

  it('ends with the CRC-32 of what stands before it, in base62', () => {
    const body = `kp_live_${'0'.repeat(32)}`;
    const zeros = createToken('kp', 'live', (size) => new Uint8Array(size));
    assert.equal(zeros.slice(0, -6), body);
    assert.equal(zeros.slice(-6), checksumOf(body));
  });
});

/** The checksum worked out another way: by big integers from a bitwise CRC-32. */
function checksumOf(text: string): string {
  let crc = 0xffffffffn;
  for (const byte of Buffer.from(text)) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0xedb88320n : crc >> 1n;
  }
  let rest = crc ^ 0xffffffffn;
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let encoded = '';
  for (let i = 0; i < 6; i += 1) {
    encoded = digits[Number(rest % 62n)] + encoded;
    rest /= 62n;
  }
  return encoded;
}

describe('random base62', () => {
  it('passes over the bytes that would favour some letters', () => {
    const bytes = [248, 255, 0, 61, 62, 247];
    const give = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => bytes[i % 6] ?? 0);
    assert.equal(randomBase62(4, give), '0z0z');
  });

  it('uses every letter about equally often', () => {
    const counts = new Map<string, number>();
    for (const letter of randomBase62(62 * 1000, randomBytes))
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    assert.equal(counts.size, 62);
    // 1,000 expected of each, with a standard deviation of 31: eight of them are never seen by chance.
    for (const count of counts.values()) assert.ok(count > 750 && count < 1250, `${count}`);
  });
});

describe('the hash of a token', () => {
  it('is its SHA-256 in lower-case hex, compared whole', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        assert.equal(tokenHash(a), createHash('sha256').update(a).digest('hex'));
        assert.equal(sameHash(tokenHash(a), tokenHash(b)), a === b);
        assert.equal(sameHash(tokenHash(a), tokenHash(a).slice(1)), false);
      }),
    );
  });
});
