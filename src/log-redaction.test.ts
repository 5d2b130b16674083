import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactFields } from './log-redaction.ts';
import { describeError } from './logging.ts';

describe('a log line', () => {
  it('shows no secret field at any depth, and leaves the fields it was given as they are', () => {
    const fields = { key_id: 'k1', value: 'hidden', at: { deeper: { token: 'hidden', n: 1 } } };
    assert.deepEqual(redactFields(fields), {
      key_id: 'k1',
      value: '(redacted)',
      at: { deeper: { token: '(redacted)', n: 1 } },
    });
    assert.equal(fields.at.deeper.token, 'hidden');
  });

  it('shows of an error its type, message, code and causes, and nothing that hangs on it', () => {
    const cause = Object.assign(new Error('the driver failed'), {
      code: 11000,
      document: { value: 'hidden' },
    });
    const shown = JSON.stringify(describeError(new Error('not written', { cause })));
    assert.match(shown, /not written/);
    assert.match(shown, /"code":11000/);
    assert.doesNotMatch(shown, /hidden/);
  });
});
