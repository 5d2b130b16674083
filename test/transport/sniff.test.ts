import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { versionOf } from '../../src/transport/server/sniff.ts';

const text = (characters: string) => Buffer.from(characters, 'latin1');

describe('the first bytes of a connection', () => {
  it('tell HTTP/2 by its preface', () => {
    assert.equal(versionOf(text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')), 2);
    assert.equal(versionOf(text('PRI ')), 2);
  });

  it('tell nothing as long as they may become either', () => {
    for (const start of ['', 'P', 'PR', 'PRI']) assert.equal(versionOf(text(start)), null, start);
  });

  it('are HTTP/1 or garbage, which it answers, in all other cases', () => {
    for (const start of ['GET / HTTP/1.1', 'POST', 'PUT', 'PROPFIND', 'PRIX', '\x16\x03\x01', '\0'])
      assert.equal(versionOf(text(start)), 1, start);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4 }), (bytes) => {
        const isPreface = Buffer.from(bytes).subarray(0, 4).equals(text('PRI '));
        assert.equal(versionOf(bytes), isPreface ? 2 : 1);
      }),
    );
  });
});
