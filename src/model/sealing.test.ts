import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createSealer, looksSealed, SealBrokenError, type SealedPlace, sealingKeyIdOf } from './sealing.ts';

const key = randomBytes(32);
const sealer = createSealer(key, [], randomBytes);
const text = fc.string({ unit: 'binary' });
const place: fc.Arbitrary<SealedPlace> = fc.record({
  table: fc.string(),
  row: fc.string(),
  field: fc.string(),
});
const here: SealedPlace = { table: 'keys', row: 'k1', field: 'value' };

function sealedBytes(plain: string): Buffer {
  const payload = sealer.seal(plain, here).split(':').at(-1) ?? '';
  return Buffer.from(payload, 'base64url');
}

function withPayload(payload: string): string {
  return `enc:gcm:${sealer.keyId}:${payload}`;
}

describe('sealed text', () => {
  it('opens to what was sealed, in the place it was sealed for', () => {
    fc.assert(fc.property(text, place, (plain, at) => sealer.open(sealer.seal(plain, at), at) === plain));
  });

  it('shows nothing of the plaintext and names its key', () => {
    const sealed = sealer.seal('upstream-value-1', here);
    assert.ok(!sealed.includes('upstream-value-1'));
    assert.ok(looksSealed(sealed));
    assert.equal(sealingKeyIdOf(sealed), sealer.keyId);
  });

  it('never opens in another place', () => {
    fc.assert(
      fc.property(text, place, place, (plain, from, to) => {
        fc.pre(JSON.stringify(from) !== JSON.stringify(to));
        assert.throws(() => sealer.open(sealer.seal(plain, from), to), SealBrokenError);
      }),
    );
  });

  it('never opens with a byte altered', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, by) => {
        const bytes = sealedBytes(plain);
        const i = at % bytes.length;
        bytes[i] = (bytes[i] ?? 0) ^ by;
        assert.throws(() => sealer.open(withPayload(bytes.toString('base64url')), here), SealBrokenError);
      }),
    );
  });

  it('never opens with a character altered, added or left out', () => {
    const character = fc.constantFrom(...'ABCxyz019-_+/=. \n:');
    fc.assert(
      fc.property(text, fc.nat(), character, fc.constantFrom(0, 1), (plain, at, other, gone) => {
        const payload = sealedBytes(plain).toString('base64url');
        const i = at % (payload.length + 1);
        const altered = `${payload.slice(0, i)}${other}${payload.slice(i + gone)}`;
        fc.pre(altered !== payload);
        assert.throws(() => sealer.open(withPayload(altered), here), SealBrokenError);
      }),
      { numRuns: 1000 },
    );
  });

  it('never opens when it is cut short', () => {
    fc.assert(
      fc.property(text, fc.nat(), (plain, at) => {
        const sealed = sealer.seal(plain, here);
        const start = sealed.length - sealed.split(':').slice(-1).join('').length;
        const cut = start + (at % (sealed.length - start));
        assert.throws(() => sealer.open(sealed.slice(0, cut), here), SealBrokenError);
      }),
    );
  });

  it('is never the same twice', () => {
    assert.notEqual(sealer.seal('upstream-value-1', here), sealer.seal('upstream-value-1', here));
  });
});

describe('sealing keys', () => {
  it('that are retired still open, and new text is sealed under the current one', () => {
    const old = sealer.seal('upstream-value-1', here);
    const rotated = createSealer(randomBytes(32), [key], randomBytes);
    assert.equal(rotated.open(old, here), 'upstream-value-1');
    assert.equal(sealingKeyIdOf(rotated.seal('x', here)), rotated.keyId);
    assert.deepEqual(rotated.retiredKeyIds, [sealer.keyId]);
  });

  it('that are not configured are named by the error', () => {
    const other = createSealer(randomBytes(32), [], randomBytes);
    assert.throws(() => other.open(sealer.seal('x', here), here), { keyId: sealer.keyId });
  });

  it('are named without telling them', () => {
    assert.match(sealer.keyId ?? '', /^[0-9a-f]{8}$/);
    assert.ok(!key.toString('hex').startsWith(sealer.keyId ?? ''));
  });
});

describe('plaintext', () => {
  it('passes unchanged both ways where there is no key', () => {
    const none = createSealer(null, [], randomBytes);
    fc.assert(
      fc.property(text, (plain) => {
        assert.equal(none.seal(plain, here), plain);
        if (!looksSealed(plain)) assert.equal(none.open(plain, here), plain);
      }),
    );
  });

  it('stays readable after a key was configured', () => {
    assert.equal(sealer.open('upstream-value-1', here), 'upstream-value-1');
  });
});
