import { setTimeout as delay } from 'node:timers/promises';
import { http1Request } from './asks.ts';
import { http1Caller } from './http1.ts';
import type { Ask } from './plan.ts';

/** Draws without a pause, one after another, and remembers when it was last served. */
export interface Drawer {
  readonly served: () => number;
  /** On the clock of `performance.now`; the moment the answer was here. */
  readonly lastServedAt: () => number;
  readonly stop: () => void;
}

const REFUSED_PAUSE_MS = 2;

export function startDrawing(port: number, ask: Ask): Drawer {
  const request = http1Request(ask, port);
  const caller = http1Caller(port, () => request);
  let served = 0;
  let lastServedAt = 0;
  let stopped = false;
  const next = (): void => {
    if (stopped) return;
    caller.call((failure) => {
      if (failure !== null) {
        void delay(REFUSED_PAUSE_MS).then(next);
        return;
      }
      served += 1;
      lastServedAt = performance.now();
      next();
    });
  };
  next();
  return {
    served: () => served,
    lastServedAt: () => lastServedAt,
    stop: () => {
      stopped = true;
      caller.close();
    },
  };
}
