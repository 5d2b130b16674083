import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { checkLine, type Violations } from '../../src/domain/check-field.ts';
import { isSubject } from '../../src/model/subject.ts';

it('control characters are the same in fields, in subjects and in the configuration', () => {
  for (let code = 0; code <= 0xff; code += 1) {
    const text = `a${String.fromCharCode(code)}b`;
    const isControl = code < 0x20 || code === 0x7f;
    const violations: Violations = [];
    checkLine(text, 200, violations, 'name');
    assert.equal(violations.length > 0, isControl, `a field with U+${code.toString(16)}`);
    assert.equal(isSubject(text), !isControl, `a subject with U+${code.toString(16)}`);
    const parse = () => parseConfig({ JWT_AUDIENCE: text });
    if (isControl) assert.throws(parse, `a variable with U+${code.toString(16)}`);
    else assert.equal(parse().jwt.audience, text);
  }
});
