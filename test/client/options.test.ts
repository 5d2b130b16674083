import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKeypoolClient } from '../../src/client/node.ts';
import { EVERY_CLIENT } from './every-client.ts';

const BASE_URL = 'http://127.0.0.1:9';

describe('a client is not made', () => {
  for (const { name, create } of EVERY_CLIENT) {
    it(`with a token that is none, which the error does not show: ${name}`, () => {
      for (const token of ['', '  ', 'two words', 'upstream-value\n-1', 'ключ']) {
        const isDiscreet = (error: unknown) =>
          error instanceof TypeError && (token.trim() === '' || !String(error.stack).includes(token));
        assert.throws(() => create({ baseUrl: BASE_URL, token }), isDiscreet);
      }
    });
  }

  it('over Node for a URL that is not HTTP', () => {
    for (const baseUrl of ['', 'keypool.example', 'ftp://127.0.0.1', '127.0.0.1:8080'])
      assert.throws(() => createKeypoolClient({ baseUrl, token: 'any' }), /baseUrl: .*http:\/\//);
  });
});
