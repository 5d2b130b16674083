import { type ClientHttp2Session, connect } from 'node:http2';
import type { grpcRequest } from './asks.ts';
import type { Caller } from './plan.ts';

const CALLERS_PER_SESSION = 64;

/** A caller that makes gRPC unary calls over an HTTP/2 session that it shares with others. */
function grpcCaller(session: ClientHttp2Session, nextRequest: () => ReturnType<typeof grpcRequest>): Caller {
  return {
    call: (done) => {
      const { headers, bytes } = nextRequest();
      const stream = session.request(headers);
      let status = '';
      stream.on('response', (response) => {
        if (typeof response['grpc-status'] === 'string') status = response['grpc-status'];
      });
      stream.on('trailers', (trailers) => {
        status = String(trailers['grpc-status']);
      });
      stream.on('error', () => undefined);
      stream.on('close', () => done(status === '0'));
      stream.resume();
      stream.end(bytes);
    },
    close: () => session.destroy(),
  };
}

/** Callers over as many sessions as are needed for 64 of them on each. */
export function grpcCallers(
  count: number,
  port: number,
  nextRequest: () => ReturnType<typeof grpcRequest>,
): Caller[] {
  const sessions = Array.from({ length: Math.ceil(count / CALLERS_PER_SESSION) }, () =>
    connect(`http://127.0.0.1:${port}`),
  );
  return sessions.flatMap((session, i) => {
    const onIt = Math.min(CALLERS_PER_SESSION, count - i * CALLERS_PER_SESSION);
    return Array.from({ length: onIt }, () => grpcCaller(session, nextRequest));
  });
}
