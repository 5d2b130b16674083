import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { KeypoolError } from '../domain/errors.ts';
import { refusedJsonFields } from './json-fields.ts';
import { invalidRequest } from './refusals.ts';

function parsed(body: Uint8Array): { readonly json: JsonValue } | null {
  try {
    return { json: JSON.parse(new TextDecoder().decode(body)) };
  } catch {
    return null;
  }
}

/** Why a JSON body could not be decoded as a message: INVALID_FIELD with every field at fault, or INVALID_REQUEST. */
export function jsonError(desc: DescMessage, body: Uint8Array): KeypoolError {
  const read = parsed(body);
  if (read === null)
    return invalidRequest(
      'The body is not JSON. Send one JSON object, or a Content-Type that fits what you send.',
    );
  if (typeof read.json !== 'object' || read.json === null || Array.isArray(read.json))
    return invalidRequest(`The body must be one JSON object, a ${desc.typeName}.`);
  const violations = refusedJsonFields(desc, read.json);
  const first = violations[0];
  if (first === undefined)
    return invalidRequest(`The body cannot be read as a ${desc.typeName}. Give each field once.`);
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return new KeypoolError('INVALID_FIELD', `${first.field}: ${first.description}${more}`, { violations });
}
