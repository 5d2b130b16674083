import { setTimeout as delay } from 'node:timers/promises';
import { memoryOf } from './process-usage.ts';

/** Resident memory at a moment after the watch began. */
export interface MemorySample {
  readonly seconds: number;
  readonly mib: number;
}

const EVERY_MS = 1000;

/** Samples a process's resident memory every second until it is told to stop. */
export function watchMemory(pid: number): () => Promise<readonly MemorySample[]> {
  const stop = new AbortController();
  const beganAt = performance.now();
  const samples: MemorySample[] = [];
  const sample = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { now } = await memoryOf(pid);
      samples.push({ seconds: (performance.now() - beganAt) / 1000, mib: now });
      await delay(EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const done = sample();
  return async () => {
    stop.abort();
    await done;
    return samples;
  };
}
