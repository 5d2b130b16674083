/** HTTP/2 frames (RFC 9113), as far as a client that makes unary calls needs them. */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
} as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEAD_BYTES = 9;
const SETTING = { headerTableSize: 1 } as const;

/** One frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `bytes` more may be sent to this side, over all streams. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}

/** What a client sends first. The other side may keep no table of headers, so a block tells everything by itself. */
export function opening(): Buffer {
  const noTable = Buffer.alloc(6);
  noTable.writeUInt16BE(SETTING.headerTableSize);
  return Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0, noTable)]);
}

/** Gives the frames of a connection's bytes, in whatever pieces they come. */
export function createFrameReader(): (chunk: Buffer) => readonly Frame[] {
  let buffered: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const from = at + HEAD_BYTES;
      const end = from + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
      frames.push({ type, flags, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(from, end) });
      at = end;
    }
    buffered = bytes.subarray(at);
    return frames;
  };
}
