import {
  type DescField,
  type DescMessage,
  isMessage,
  type Message,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as FieldPresence } from '@bufbuild/protobuf/wkt';

/** Writes something into a buffer from `at` on, and gives where it ends; {@link NO_ROOM} when it does not fit. */
type Write<T> = (into: Buffer, at: number, value: T) => number;

/** Also for what is better left to the library. */
export const NO_ROOM = -1;

/** The most that a varint of 32 bits takes, and so a tag or a length. */
const VARINT_BYTES_MAX = 5;
/** Text up to here is tried as ASCII first, which needs no call out of JavaScript. */
const ASCII_LENGTH_MAX = 64;
/** UTF-8 of one UTF-16 unit takes so much at most. */
const UTF8_BYTES_MAX = 3;
/** Lengths below take one byte. */
const ONE_BYTE = 0x80;
const INT32_MAX = 0x7fffffff;
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** The caller has seen to the room. */
function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest >= ONE_BYTE; rest >>>= 7) into[end++] = (rest & 0x7f) | ONE_BYTE;
  into[end++] = rest;
  return end;
}

function writeAscii(into: Buffer, at: number, text: string): number {
  let end = at;
  into[end++] = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= ONE_BYTE) return NO_ROOM;
    into[end++] = code;
  }
  return end;
}

const writeText: Write<string> = (into, at, text) => {
  if (at + VARINT_BYTES_MAX + text.length * UTF8_BYTES_MAX > into.length) return NO_ROOM;
  if (text.length <= ASCII_LENGTH_MAX) {
    const end = writeAscii(into, at, text);
    if (end !== NO_ROOM) return end;
  }
  const start = writeVarint(into, at, Buffer.byteLength(text));
  return start + into.write(text, start);
};

const writeBytes: Write<Uint8Array> = (into, at, bytes) => {
  if (at + VARINT_BYTES_MAX + bytes.byteLength > into.length) return NO_ROOM;
  const start = writeVarint(into, at, bytes.byteLength);
  into.set(bytes, start);
  return start + bytes.byteLength;
};

/** A field's tag, then its value. */
function tagged<T>(number: number, wireType: number, write: Write<T>): Write<T> {
  const tag = (number << 3) | wireType;
  return (into, at, value) => {
    if (at + VARINT_BYTES_MAX > into.length) return NO_ROOM;
    return write(into, writeVarint(into, at, tag), value);
  };
}

/** One entry of a map of texts: a message of its own, whose length is known when it is written. */
function writeEntry(number: number): (into: Buffer, at: number, key: string, value: string) => number {
  const writeKey = tagged(1, LENGTH_DELIMITED, writeText);
  const writeValue = tagged(2, LENGTH_DELIMITED, writeText);
  const open = tagged(number, LENGTH_DELIMITED, (_into: Buffer, at: number, _value: null) => at);
  return (into, at, key, value) => {
    const opened = open(into, at, null);
    if (opened === NO_ROOM) return NO_ROOM;
    const start = opened + VARINT_BYTES_MAX;
    const middle = writeKey(into, start, key);
    const end = middle === NO_ROOM ? NO_ROOM : writeValue(into, middle, value);
    if (end === NO_ROOM) return NO_ROOM;
    const from = writeVarint(into, opened, end - start);
    into.copyWithin(from, start, end);
    return from + end - start;
  };
}

/** Writes one field of a message, or nothing where it is not set. */
type WriteField = (into: Buffer, at: number, message: Message) => number;

function textField({ number, localName }: DescField): WriteField {
  const write = tagged(number, LENGTH_DELIMITED, writeText);
  return (into, at, message) => {
    const value: unknown = Reflect.get(message, localName);
    if (typeof value !== 'string') return NO_ROOM;
    return value === '' ? at : write(into, at, value);
  };
}

function numberField({ number, localName }: DescField): WriteField {
  const write = tagged(number, VARINT, writeVarint);
  return (into, at, message) => {
    const value: unknown = Reflect.get(message, localName);
    // Numbers below zero are written as 64 bits; that is left to the library.
    if (typeof value !== 'number' || !(value >= 0) || value > INT32_MAX) return NO_ROOM;
    if (value === 0) return at;
    return at + 2 * VARINT_BYTES_MAX > into.length ? NO_ROOM : write(into, at, value);
  };
}

function textMapField({ number, localName }: DescField): WriteField {
  const write = writeEntry(number);
  return (into, at, message) => {
    const map: unknown = Reflect.get(message, localName);
    if (typeof map !== 'object' || map === null) return NO_ROOM;
    let end = at;
    for (const key in map) {
      const value: unknown = Reflect.get(map, key);
      end = typeof value === 'string' && end !== NO_ROOM ? write(into, end, key, value) : NO_ROOM;
    }
    return end;
  };
}

function messageField({ number, localName }: DescField, schema: DescMessage): WriteField {
  const write = tagged(number, LENGTH_DELIMITED, writeBytes);
  return (into, at, message) => {
    const value: unknown = Reflect.get(message, localName);
    if (value === undefined) return at;
    return isMessage(value, schema) ? write(into, at, toBinary(schema, value)) : NO_ROOM;
  };
}

/** Null for a kind of field that is left to the library. */
function fieldWriter(field: DescField): WriteField | null {
  if (field.oneof !== undefined) return null;
  if (field.fieldKind === 'map')
    return field.mapKey === ScalarType.STRING && field.scalar === ScalarType.STRING
      ? textMapField(field)
      : null;
  if (field.fieldKind === 'message')
    return field.delimitedEncoding ? null : messageField(field, field.message);
  if (field.fieldKind !== 'scalar' || field.presence !== FieldPresence.IMPLICIT) return null;
  if (field.scalar === ScalarType.STRING) return textField(field);
  return field.scalar === ScalarType.INT32 ? numberField(field) : null;
}

/**
 * Writes messages of texts, small numbers, maps of texts and messages in the binary form of protobuf, as the library's
 * `toBinary` does, into a buffer that is there already: the library makes two new ones for each message, which costs
 * more than all the rest. Null for a type with other fields.
 */
export function flatMessageWriter(schema: DescMessage): Write<Message> | null {
  const inOrder = [...schema.fields].sort((a, b) => a.number - b.number);
  const writers = inOrder.map(fieldWriter).filter((writer) => writer !== null);
  if (writers.length < inOrder.length) return null;
  return (into, at, message) => {
    if (message.$unknown !== undefined) return NO_ROOM;
    let end = at;
    for (const write of writers) {
      end = write(into, end, message);
      if (end === NO_ROOM) return NO_ROOM;
    }
    return end;
  };
}
