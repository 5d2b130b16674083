import {
  type DescField,
  type DescMessage,
  isMessage,
  type JsonValue,
  type Message,
  toJson,
  toJsonString,
} from '@bufbuild/protobuf';

/** With their JSON, once that was written. */
const kept = new WeakMap<Message, JsonValue | null>();

/** Says of a message that it is answered again and again, inside of others, and never changed. */
export function keepJson<M extends Message>(message: M): M {
  kept.set(message, null);
  return message;
}

type MessageField = DescField & { readonly fieldKind: 'message' };

function isPlainMessageField(field: DescField): field is MessageField {
  return field.fieldKind === 'message' && field.oneof === undefined;
}

/** The JSON of a field's message, if that is kept. */
function keptJsonOf({ localName, message: schema }: MessageField, message: Message): JsonValue | undefined {
  const value: unknown = Reflect.get(message, localName);
  if (!isMessage(value, schema)) return undefined;
  const known = kept.get(value);
  if (known !== null) return known;
  const json = toJson(schema, value);
  kept.set(value, json);
  return json;
}

/** A message whose nested ones of these fields are written already, by their JSON names. */
function jsonAround(
  fields: readonly DescField[],
  written: ReadonlyMap<string, JsonValue>,
  others: JsonValue,
): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {};
  for (const { jsonName } of fields) {
    const value: JsonValue | undefined = written.get(jsonName) ?? Reflect.get(Object(others), jsonName);
    if (value !== undefined) json[jsonName] = value;
  }
  return json;
}

/** Writes messages of a type as the library's `toJsonString` does, but what is kept of those in them not anew. */
export function jsonWriter(schema: DescMessage): (message: Message) => string {
  const fields = [...schema.fields].sort((a, b) => a.number - b.number);
  const nested = fields.filter(isPlainMessageField);

  return (message) => {
    let written: Map<string, JsonValue> | null = null;
    let rest = message;
    for (const field of nested) {
      const json = keptJsonOf(field, message);
      if (json === undefined) continue;
      written ??= new Map();
      written.set(field.jsonName, json);
      rest = { ...rest, [field.localName]: undefined };
    }
    if (written === null) return toJsonString(schema, message);
    return JSON.stringify(jsonAround(fields, written, toJson(schema, rest)));
  };
}
