import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** What reflection tells of the files behind some services. Files are FileDescriptorProto bytes, each with its imports. */
export interface Descriptors {
  readonly services: readonly string[];
  readonly byFilename: (name: string) => readonly Uint8Array[] | null;
  /** Of a message, enum, service, method, field or extension by its full name. */
  readonly bySymbol: (symbol: string) => readonly Uint8Array[] | null;
  readonly byExtension: (typeName: string, number: number) => readonly Uint8Array[] | null;
  /** Null for a type that is not known. */
  readonly extensionNumbers: (typeName: string) => readonly number[] | null;
}

function withImports(file: DescFile, seen = new Set<DescFile>()): ReadonlySet<DescFile> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const imported of file.dependencies) withImports(imported, seen);
  return seen;
}

function* symbolsOf(file: DescFile): Iterable<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === 'message')
      for (const member of [...type.fields, ...type.oneofs]) yield `${type.typeName}.${member.name}`;
    if (type.kind === 'service') for (const method of type.methods) yield `${type.typeName}.${method.name}`;
    if (type.kind === 'enum') {
      // Values live in the scope around their enum (the language's C++ scoping rule).
      const scope = type.typeName.split('.').slice(0, -1).join('.');
      for (const value of type.values) yield `${scope}.${value.name}`;
    }
  }
}

/** `also`: files that no service imports, but clients need, such as those of error details. */
export function createDescriptors(services: readonly DescService[], also: readonly DescFile[]): Descriptors {
  const files = new Set<DescFile>();
  for (const file of [...services.map((service) => service.file), ...also])
    for (const one of withImports(file)) files.add(one);

  const names = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const messages = new Set<string>();
  const extensions = new Map<string, Map<number, DescFile>>();
  for (const file of files) {
    names.set(`${file.name}.proto`, file);
    for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
    for (const type of nestedTypes(file)) {
      if (type.kind === 'message') messages.add(type.typeName);
      if (type.kind !== 'extension') continue;
      const known = extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
      extensions.set(type.extendee.typeName, known.set(type.number, file));
    }
  }

  const bytes = (file: DescFile | undefined): readonly Uint8Array[] | null =>
    file === undefined
      ? null
      : [...withImports(file)].map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
  return {
    services: services.map((service) => service.typeName).sort(),
    byFilename: (name) => bytes(names.get(name)),
    bySymbol: (symbol) => bytes(symbols.get(symbol)),
    byExtension: (typeName, number) => bytes(extensions.get(typeName)?.get(number)),
    extensionNumbers: (typeName) =>
      messages.has(typeName) ? [...(extensions.get(typeName)?.keys() ?? [])].sort((a, b) => a - b) : null,
  };
}
