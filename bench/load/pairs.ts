import { reportRequest } from './asks.ts';
import { http1Connection } from './http1.ts';
import type { Caller, DrawAsk } from './plan.ts';

const DRAW_ID = /"drawId": *"([^"]+)"/;

/** A caller whose call is a draw and then the report that its key served. */
export function pairCaller(port: number, nextAsk: () => { ask: DrawAsk; request: Buffer }): Caller {
  const { send, close } = http1Connection(port);
  const call = (done: (ok: boolean) => void): void => {
    const { ask, request } = nextAsk();
    send(request, (drawn, body) => {
      const drawId = DRAW_ID.exec(body.toString('latin1'))?.[1];
      if (drawn && drawId !== undefined) send(reportRequest(ask, drawId, port), done);
      else done(false);
    });
  };
  return { call, close };
}
