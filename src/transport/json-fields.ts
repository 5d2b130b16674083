import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import type { FieldViolation } from '../domain/errors.ts';

/** Violations told at most; the rest shows when these are mended. */
const VIOLATIONS_MAX = 20;
const NAME_SHOWN_MAX = 64;

/** How to write the messages that have a JSON form of their own. */
const WRITTEN_AS: Readonly<Record<string, string>> = {
  'google.protobuf.Timestamp': 'must be a time of RFC 3339, such as "2030-01-31T12:00:00Z"',
  'google.protobuf.Duration': 'must be seconds as a string, such as "60s" or "0.5s"',
  'google.protobuf.FieldMask': 'must be one string of field names in lowerCamelCase with commas between them',
};

function isObject(json: JsonValue): json is { [key: string]: JsonValue } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function decodes(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json, { ignoreUnknownFields: false });
    return true;
  } catch {
    return false;
  }
}

function expectation(field: DescField): string {
  const many = field.fieldKind === 'list' ? ' in an array' : field.fieldKind === 'map' ? ' in an object' : '';
  const written = field.message === undefined ? undefined : WRITTEN_AS[field.message.typeName];
  if (written !== undefined) return `${written}${many}`;
  if (field.message !== undefined) return `must be an object${many}`;
  if (field.enum !== undefined)
    return `must be one of ${field.enum.values.map((value) => value.name).join(', ')}${many}`;
  const scalar = field.scalar === undefined ? 'a value' : `of type ${ScalarType[field.scalar].toLowerCase()}`;
  return `must be ${scalar}${many}, within its range`;
}

/** The places to look into for what is wrong inside a field: its messages with their paths. */
function inside(field: DescField, json: JsonValue, path: string): { json: JsonValue; path: string }[] {
  if (field.message === undefined || field.message.typeName.startsWith('google.protobuf.')) return [];
  if (field.fieldKind === 'message') return [{ json, path }];
  if (field.fieldKind !== 'list' || !Array.isArray(json)) return [];
  return json.map((item, index) => ({ json: item, path: `${path}[${index}]` }));
}

function collect(desc: DescMessage, json: JsonValue, path: string, found: FieldViolation[]): void {
  if (!isObject(json)) {
    found.push({ field: path, description: 'must be an object' });
    return;
  }
  for (const [key, value] of Object.entries(json)) {
    if (found.length >= VIOLATIONS_MAX) return;
    const shown = key.slice(0, NAME_SHOWN_MAX);
    const place = path === '' ? shown : `${path}.${shown}`;
    const field = desc.fields.find((candidate) => candidate.jsonName === key || candidate.name === key);
    if (field === undefined) {
      found.push({ field: place, description: `is no field of ${desc.typeName}; check its spelling` });
      continue;
    }
    if (decodes(desc, { [key]: value })) continue;
    const before = found.length;
    for (const part of inside(field, value, place))
      if (field.message !== undefined && found.length < VIOLATIONS_MAX)
        collect(field.message, part.json, part.path, found);
    if (found.length === before) found.push({ field: place, description: expectation(field) });
  }
}

/** Every field of a JSON request that its message does not take, with what to write instead. */
export function refusedJsonFields(desc: DescMessage, json: JsonValue): readonly FieldViolation[] {
  const found: FieldViolation[] = [];
  collect(desc, json, '', found);
  return found;
}
