/** The static table's numbers (RFC 7541, appendix A) of the headers that a call sends, by name or as a whole. */
const WHOLE = { post: 3, http: 6 } as const;
const NAME: Readonly<Record<string, number>> = {
  ':authority': 1,
  ':path': 4,
  'content-type': 31,
  authorization: 23,
};

/** A number behind a prefix of so many bits (RFC 7541, 5.1). */
function integer(value: number, bits: number, first = 0): number[] {
  const most = 2 ** bits - 1;
  if (value < most) return [first | value];
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value, 'latin1')];
  return [...integer(bytes.length, 7), ...bytes];
}

/** The headers of a POST as a block that needs no table, so that it is made once and sent again and again. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const fields = Object.entries(headers).flatMap(([name, value]) => {
    const known = NAME[name];
    return [...(known === undefined ? [0, ...text(name)] : integer(known, 4)), ...text(value)];
  });
  return Buffer.from([...integer(WHOLE.post, 7, 128), ...integer(WHOLE.http, 7, 128), ...fields]);
}

/** `grpc-status: 0` in a block without a table: its name in Huffman code, as it is shorter so. */
const GRPC_OK = Buffer.from('889acac8b21234da8f0130', 'hex');

/** True of the trailers of a gRPC call that ended well. */
export function isGrpcOk(block: Buffer): boolean {
  return block.includes(GRPC_OK);
}
