import type { JsonValue } from '@bufbuild/protobuf';

const INDENT = '  ';

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => INDENT + line);
}

/** Fields of a message in the text format, one to a line; those of a list under the same name. */
function textFields(name: string, value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => textFields(name, item));
  if (value === null || typeof value !== 'object') return [`${name}: ${JSON.stringify(value)}`];
  return [`${name} {`, ...indented(textBody(value)), '}'];
}

function textBody(value: { readonly [name: string]: JsonValue }): string[] {
  return Object.entries(value).flatMap(([name, item]) => textFields(name, item));
}

/**
 * One option as `name = value`, from its ProtoJSON (proto names, extensions as `[full.name]`). Enum values are not
 * told from strings: a file with such an option does not survive the comparison with its descriptor.
 */
export function optionLines(jsonName: string, value: JsonValue): string[] {
  const name = jsonName.replace(/^\[(.*)\]$/, '($1)');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return [`${name} = ${JSON.stringify(value)}`];
  }
  return [`${name} = {`, ...indented(textBody(value)), '}'];
}
