import { type DescField, type DescMessage, getOption, hasOption, type Message } from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { field as rules } from '../../gen/buf/validate/validate_pb.ts';
import type { FieldViolation } from '../domain/errors.ts';

/** Reading an option of a field decodes it anew each time. */
const sizes = new WeakMap<DescField, number | null>();

/** What a list or map may hold at most; null without a bound. */
function sizeMax(field: DescField): number | null {
  const known = sizes.get(field);
  if (known !== undefined) return known;
  const max = readSizeMax(field);
  sizes.set(field, max);
  return max;
}

function readSizeMax(field: DescField): number | null {
  if (!hasOption(field, rules)) return null;
  const { type } = getOption(field, rules);
  if (type.case === 'repeated' && type.value.maxItems > 0n) return Number(type.value.maxItems);
  if (type.case === 'map' && type.value.maxPairs > 0n) return Number(type.value.maxPairs);
  return null;
}

const lists = new WeakMap<DescMessage, boolean>();

/** True when a message of this type can hold a list or map anywhere. Messages of the contract do not nest in themselves. */
function holdsLists(schema: DescMessage): boolean {
  let holds = lists.get(schema);
  if (holds === undefined) {
    holds = schema.fields.some(
      (field) =>
        field.fieldKind === 'list' ||
        field.fieldKind === 'map' ||
        (field.fieldKind === 'message' && holdsLists(field.message)),
    );
    lists.set(schema, holds);
  }
  return holds;
}

function look(message: ReflectMessage, path: string, found: FieldViolation[]): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const name = `${path}${field.jsonName}`;
    if (field.fieldKind === 'message' && holdsLists(field.message))
      look(message.get(field), `${name}.`, found);
    if (field.fieldKind !== 'list' && field.fieldKind !== 'map') continue;
    const max = sizeMax(field);
    const values = message.get(field);
    if (max !== null && values.size > max)
      found.push({ field: name, description: `must hold at most ${max}, not ${values.size}` });
    else if (field.fieldKind === 'list' && field.listKind === 'message')
      for (const [i, item] of message.get(field).entries())
        if (isReflectMessage(item)) look(item, `${name}[${i}].`, found);
  }
}

/**
 * Lists and maps longer than the contract allows. To be asked before the rules of their items are: those are looked at
 * one by one, and a request can hold a million.
 */
export function tooLongLists(schema: DescMessage, message: Message): readonly FieldViolation[] {
  if (!holdsLists(schema)) return [];
  const found: FieldViolation[] = [];
  look(reflect(schema, message), '', found);
  return found;
}
