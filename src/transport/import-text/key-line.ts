import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { CreateKeyRequestSchema } from '../../../gen/keypool/v1/key_messages_pb.ts';
import { type Key, KeySchema } from '../../../gen/keypool/v1/key_pb.ts';
import { KeypoolError } from '../../domain/errors.ts';
import type { ImportLine, LineProblem } from '../../domain/import-keys.ts';
import { toNewKey } from '../convert/key.ts';
import { refusedJsonFields } from '../json-fields.ts';
import { validateMessage } from '../validation.ts';

/** How what is no field of a key is refused, whose name may be anything, a value too. */
const UNKNOWN = / is no field of |^is no field of /;

/** A line that cannot be read as a key. */
export function brokenLine(line: number, ...problems: readonly LineProblem[]): ImportLine {
  return { line, key: null, problems };
}

function unreadable(json: JsonObject): readonly LineProblem[] {
  const found = refusedJsonFields(KeySchema, json).map(({ field, description }) =>
    UNKNOWN.test(description)
      ? { field: '', message: 'has a field that no key has; check the spelling of each' }
      : { field, message: description },
  );
  return found.length > 0 ? found : [{ field: '', message: 'cannot be read as a key' }];
}

function decode(json: JsonObject): Key | null {
  try {
    return fromJson(KeySchema, json, { ignoreUnknownFields: false });
  } catch {
    // What the library says quotes what it read.
    return null;
  }
}

/** A key as the contract's JSON writes it, for a tier that it may leave out; held to the rules of CreateKey. */
export function keyLineOf(line: number, json: JsonObject, tierId: string): ImportLine {
  const key = decode(json);
  if (key === null) return brokenLine(line, ...unreadable(json));
  if (key.tierId !== '' && key.tierId !== tierId)
    return brokenLine(line, { field: 'tierId', message: 'must be the tier of the import, or left out' });
  key.tierId = tierId;
  try {
    validateMessage(CreateKeyRequestSchema, create(CreateKeyRequestSchema, { key }));
  } catch (error) {
    if (!(error instanceof KeypoolError)) throw error;
    const problems = error.violations.map(({ field, description }) => ({
      field: field.replace(/^key\./, ''),
      message: description,
    }));
    return brokenLine(line, ...problems);
  }
  return { line, key: toNewKey(key), problems: [] };
}
