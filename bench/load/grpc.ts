import { type ClientHttp2Session, connect } from 'node:http2';
import type { Caller, LoadPlan } from './plan.ts';

const CALLERS_PER_SESSION = 64;
const sessions: ClientHttp2Session[] = [];

function frame(plan: LoadPlan): Buffer {
  const message = Buffer.from(plan.body, 'base64');
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function sessionFor(index: number, plan: LoadPlan): ClientHttp2Session {
  const slot = Math.floor(index / CALLERS_PER_SESSION);
  const existing = sessions[slot];
  if (existing !== undefined) return existing;
  const session = connect(`http://127.0.0.1:${plan.port}`);
  sessions[slot] = session;
  return session;
}

/** A caller that makes gRPC unary calls over an HTTP/2 session that it shares with up to 63 others. */
export function grpcCaller(plan: LoadPlan, index: number): Caller {
  const session = sessionFor(index, plan);
  const bytes = frame(plan);
  const headers = {
    ':method': 'POST',
    ':path': plan.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${plan.token}`,
  };
  return {
    call: (done) => {
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
