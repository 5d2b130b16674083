import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { Path } from '@bufbuild/protobuf/reflect';
import { createValidator, type Violation } from '@bufbuild/protovalidate';
import { type FieldViolation, KeypoolError } from '../domain/errors.ts';
import { tooLongLists } from './list-lengths.ts';

const compiled = new Map<string, RegExp>();

/** Every pattern is one of our own contract, so the platform's engine is safe, and much faster than RE2 in JavaScript. */
function matches(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(pattern, 'u');
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

const validator = createValidator({ regexMatch: matches });

const MAP_KEY_SHOWN_MAX = 64;

function camelCase(path: string): string {
  return path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A path as JSON names it: `tier.features[0].limits[1].window`, `key.metadata["region"]`. */
function jsonPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (part.kind === 'list_sub') text += `[${part.index}]`;
    else if (part.kind === 'map_sub')
      text += `[${JSON.stringify(String(part.key).slice(0, MAP_KEY_SHOWN_MAX))}]`;
    else if (part.kind === 'field') text += `${text === '' ? '' : '.'}${part.jsonName}`;
    else text += `${text === '' ? '' : '.'}${camelCase(part.name)}`;
  }
  return text;
}

/** A rule on a list's item that begins with a field's name (`value: give …`) is about that field of the item. */
const ABOUT_FIELD = /^([a-z_]+): (.*)$/s;

/** The library's words where they say what to do; ours where they only tell what is wrong. */
function descriptionOf({ ruleId, message }: Violation): string {
  if (ruleId === 'required') return 'must be given';
  return message.replace(/^does not match regex pattern `(.*)`$/s, 'must match $1');
}

function fieldViolation(violation: Violation): FieldViolation {
  const path = jsonPath(violation.field);
  // A rule on a whole request has the path of the field that it is about as its id.
  if (path === '') return { field: camelCase(violation.ruleId), description: violation.message };
  const about = violation.field.at(-1)?.kind === 'list_sub' ? ABOUT_FIELD.exec(violation.message) : null;
  if (about?.[1] !== undefined && about[2] !== undefined)
    return { field: `${path}.${camelCase(about[1])}`, description: about[2] };
  return { field: path, description: descriptionOf(violation) };
}

function invalidFields(violations: readonly FieldViolation[]): KeypoolError {
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = `${first?.field}: ${first?.description}${more}`;
  return new KeypoolError('INVALID_FIELD', message, { violations });
}

/**
 * Holds a message to the rules of the contract. Error: INVALID_FIELD with every violation. A rule that cannot be
 * evaluated is a refusal too, never a pass.
 */
export function validateMessage<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
  const tooLong = tooLongLists(schema, message);
  if (tooLong.length > 0) throw invalidFields(tooLong);
  const result = validator.validate(schema, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'invalid') throw invalidFields(result.violations.map(fieldViolation));
  throw new KeypoolError(
    'INVALID_FIELD',
    'The request breaks the rules of its fields in a way that could not be told apart. Check every field against the documentation.',
    { cause: result.error },
  );
}

/**
 * Compiles the rules of messages before the first call needs them: it takes a quarter of a second, in which draws under
 * way would become too late to leave.
 */
export function compileRules(schemas: Iterable<DescMessage>): void {
  for (const schema of schemas) validator.validate(schema, create(schema));
}
