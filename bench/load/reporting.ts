import { reportRequest } from './asks.ts';
import { failureOf, http1Connection } from './http1.ts';
import type { Caller, DrawAsk } from './plan.ts';

const DRAW_ID = /"drawId": *"([^"]+)"/;

/** A draw with its request, which the caller reports with so many others. */
export interface ReportedAsk {
  readonly ask: DrawAsk;
  readonly request: Buffer;
  readonly reportEvery: number;
}

/** A caller that draws, and reports its draws by so many; a call that completes such a number ends with their report. */
export function reportingCaller(port: number, nextAsk: () => ReportedAsk): Caller {
  const { send, close } = http1Connection(port);
  let unreported: string[] = [];
  const call: Caller['call'] = (done) => {
    const { ask, request, reportEvery } = nextAsk();
    send(request, (drawn, body) => {
      const drawId = DRAW_ID.exec(body.toString('latin1'))?.[1];
      if (!drawn || drawId === undefined) {
        done(failureOf(drawn, body) ?? 'no draw id');
        return;
      }
      unreported.push(drawId);
      if (unreported.length < reportEvery) {
        done(null);
        return;
      }
      const report = reportRequest(ask, unreported, port);
      unreported = [];
      send(report, (ok, answer) => done(failureOf(ok, answer)));
    });
  };
  return { call, close };
}
