/**
 * How a request talks, told by its content type. `connect` also stands for plain HTTP: its errors are JSON that any
 * client can read.
 */
export type WireProtocol = 'connect' | 'connect-stream' | 'grpc' | 'grpc-web';

const SUBTYPE = /^application\/(?:grpc|grpc-web|connect)\+(?:proto|json)(?=$|[;\s])/i;

/** The request's own content type where its protocol and message form are served, for an answer of the same. */
export function sameContentType(contentType: string | null | undefined): string | null {
  return SUBTYPE.exec(contentType ?? '')?.[0].toLowerCase() ?? null;
}

export function wireProtocolOf(contentType: string | null | undefined): WireProtocol {
  const type = (contentType ?? '').toLowerCase();
  if (type.startsWith('application/grpc-web')) return 'grpc-web';
  if (type.startsWith('application/grpc')) return 'grpc';
  if (type.startsWith('application/connect+')) return 'connect-stream';
  return 'connect';
}
