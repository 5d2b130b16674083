/**
 * How a request talks, told by its content type. `connect` also stands for plain HTTP: its errors are JSON that any
 * client can read.
 */
export type WireProtocol = 'connect' | 'connect-stream' | 'grpc' | 'grpc-web';

export function wireProtocolOf(contentType: string | null | undefined): WireProtocol {
  const type = (contentType ?? '').toLowerCase();
  if (type.startsWith('application/grpc-web')) return 'grpc-web';
  if (type.startsWith('application/grpc')) return 'grpc';
  if (type.startsWith('application/connect+')) return 'connect-stream';
  return 'connect';
}
