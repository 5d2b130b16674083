import type { DescMethodUnary, Message } from '@bufbuild/protobuf';
import { createMethodSerializationLookup, encodeEnvelope } from '@connectrpc/connect/protocol';
import { trailerFlag, trailerSerialize } from '@connectrpc/connect/protocol-grpc-web';
import { jsonWriter } from '../kept-json.ts';
import { JSON_OPTIONS } from '../router.ts';
import { flatMessageWriter, NO_ROOM } from './flat-message.ts';
import type { Format } from './format.ts';

/** Flags and length before each message of gRPC and gRPC-Web. */
export const ENVELOPE_HEAD_BYTES = 5;
const NO_FLAGS = 0;
const UNBOUNDED = 0xffffffff;

/** Reads and writes the messages of one method, with the library's own code. */
export interface Messages {
  /** Null for what is not exactly one message, uncompressed and well-formed. */
  readonly read: (format: Format, body: Uint8Array) => Message | null;
  /** Text for JSON. */
  readonly write: (format: Format, message: Message) => string | Uint8Array;
}

function unframed(body: Uint8Array): Uint8Array | null {
  if (body.byteLength < ENVELOPE_HEAD_BYTES || body[0] !== NO_FLAGS) return null;
  const bytes = new DataView(body.buffer, body.byteOffset).getUint32(1);
  return bytes === body.byteLength - ENVELOPE_HEAD_BYTES ? body.subarray(ENVELOPE_HEAD_BYTES) : null;
}

function writeFrameHead(into: Buffer, at: number, flags: number, bytes: number): void {
  into.writeUInt8(flags, at);
  into.writeUInt32BE(bytes, at + 1);
}

/** The last frame of gRPC-Web: trailers that tell of success. */
const WEB_END = encodeEnvelope(trailerFlag, trailerSerialize(new Headers({ 'grpc-status': '0' })));
const NO_END = new Uint8Array();

/** Room for messages of a usual size; others are written by the library. */
const SCRATCH = Buffer.allocUnsafe(65_536);

/** The bytes of an answer before and after its message. */
function aroundMessage({ protocol }: Format): { readonly headBytes: number; readonly end: Uint8Array } {
  if (protocol === 'connect') return { headBytes: 0, end: NO_END };
  return { headBytes: ENVELOPE_HEAD_BYTES, end: protocol === 'grpc-web' ? WEB_END : NO_END };
}

/** Writes a message as the body of an answer. */
function bodyOf(format: Format, messageBytes: number, copyTo: (into: Buffer, at: number) => void): Buffer {
  const { headBytes, end } = aroundMessage(format);
  const body = Buffer.allocUnsafe(headBytes + messageBytes + end.byteLength);
  if (headBytes > 0) writeFrameHead(body, 0, NO_FLAGS, messageBytes);
  copyTo(body, headBytes);
  body.set(end, headBytes + messageBytes);
  return body;
}

export function createMessages(method: DescMethodUnary, readMaxBytes: number): Messages {
  const limits = { readMaxBytes, writeMaxBytes: UNBOUNDED };
  const lookup = createMethodSerializationLookup(method, undefined, JSON_OPTIONS, limits);
  const writeFlat = flatMessageWriter(method.output);
  const writeJson = jsonWriter(method.output);

  function write(format: Format, message: Message): string | Uint8Array {
    if (format.protocol === 'connect' && format.json) return writeJson(message);
    const flatBytes = format.json || writeFlat === null ? NO_ROOM : writeFlat(SCRATCH, 0, message);
    if (flatBytes !== NO_ROOM)
      return bodyOf(format, flatBytes, (into, at) => SCRATCH.copy(into, at, 0, flatBytes));
    const data = lookup.getO(!format.json).serialize(message);
    return bodyOf(format, data.byteLength, (into, at) => into.set(data, at));
  }

  return {
    read: (format, body) => {
      const data = format.protocol === 'connect' ? body : unframed(body);
      if (data === null) return null;
      try {
        return lookup.getI(!format.json).parse(data);
      } catch {
        return null;
      }
    },
    write,
  };
}
