import {
  type DescMessage,
  isFieldSet,
  type JsonObject,
  type Message,
  type Registry,
  toJson,
} from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import { indented, optionLines } from './print-option.ts';

/** One behind the last field number: where a range `to max` ends. */
const NUMBER_END = 536870912;

/** `end` is the last number of the range itself. */
function rangeText({ start, end }: { readonly start: number; readonly end: number }): string {
  if (end === NUMBER_END - 1) return `${start} to max`;
  return start === end ? `${start}` : `${start} to ${end}`;
}

/** In messages, a descriptor's ranges end behind their last number. */
function closed(range: { readonly start: number; readonly end: number }) {
  return { start: range.start, end: range.end - 1 };
}

function statement(keyword: string, items: readonly string[]): string[] {
  return items.length > 0 ? [`${keyword} ${items.join(', ')};`] : [];
}

/** The options that are set, extensions known to the registry among them, by proto name. */
function optionsOf(schema: DescMessage, options: Message | undefined, registry: Registry): JsonObject {
  if (options === undefined) return {};
  const json = toJson(schema, options, { registry, useProtoFieldName: true });
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? json : {};
}

/** The index of the field's oneof, or null when it is in none: an unset index reads as 0. */
function oneofOf(field: FieldDescriptorProto): number | null {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) ? field.oneofIndex : null;
}

function fieldLines(field: FieldDescriptorProto, registry: Registry): string[] {
  const repeated = field.label === FieldDescriptorProto_Label.REPEATED;
  const label = repeated ? 'repeated ' : oneofOf(field) === null ? 'optional ' : '';
  const type = field.typeName || FieldDescriptorProto_Type[field.type].toLowerCase();
  const head = `${label}${type} ${field.name} = ${field.number}`;
  const options = Object.entries(optionsOf(FieldOptionsSchema, field.options, registry)).map(
    ([name, value]) => optionLines(name, value).join('\n'),
  );
  if (options.length === 0) return [`${head};`];
  return [`${head} [`, ...indented(options.join(',\n').split('\n')), '];'];
}

/** Fields in their order; those of a oneof together, where its first one stands. */
function memberLines(message: DescriptorProto, registry: Registry): string[] {
  const opened = new Set<number>();
  return message.field.flatMap((field) => {
    const index = oneofOf(field);
    if (index === null) return fieldLines(field, registry);
    if (opened.has(index)) return [];
    opened.add(index);
    const members = message.field.filter((other) => oneofOf(other) === index);
    return [
      `oneof ${message.oneofDecl[index]?.name} {`,
      ...indented(members.flatMap((member) => fieldLines(member, registry))),
      '}',
    ];
  });
}

function messageLines(message: DescriptorProto, registry: Registry): string[] {
  const reserved = [
    ...statement('reserved', message.reservedRange.map(closed).map(rangeText)),
    ...statement(
      'reserved',
      message.reservedName.map((name) => JSON.stringify(name)),
    ),
    ...statement('extensions', message.extensionRange.map(closed).map(rangeText)),
  ];
  return [`message ${message.name} {`, ...indented([...memberLines(message, registry), ...reserved]), '}'];
}

function enumLines(desc: EnumDescriptorProto): string[] {
  const body = [
    ...desc.value.map((value) => `${value.name} = ${value.number};`),
    ...statement('reserved', desc.reservedRange.map(rangeText)),
    ...statement(
      'reserved',
      desc.reservedName.map((name) => JSON.stringify(name)),
    ),
  ];
  return [`enum ${desc.name} {`, ...indented(body), '}'];
}

/**
 * The source text of a proto2 file, from its descriptor. It knows what `buf/validate/validate.proto` uses: flat
 * messages, oneofs, enums, extensions, ranges, file and field options. What it left out shows when the text is compiled
 * and compared with the descriptor, as the caller does.
 */
export function printProto(file: FileDescriptorProto, registry: Registry): string {
  const blocks = [
    ['syntax = "proto2";'],
    [`package ${file.package};`],
    file.dependency.map((path) => `import "${path}";`),
    Object.entries(optionsOf(FileOptionsSchema, file.options, registry)).map(
      ([name, value]) => `option ${optionLines(name, value).join('\n')};`,
    ),
    ...file.extension.map((field) => [
      `extend ${field.extendee} {`,
      ...indented(fieldLines(field, registry)),
      '}',
    ]),
    ...file.messageType.map((message) => messageLines(message, registry)),
    ...file.enumType.map(enumLines),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
