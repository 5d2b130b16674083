import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;

/** Asks again until the answer is not null, and fails with `what` after `withinMs`. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null> | T | null,
  withinMs = 5000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(POLL_MS);
  }
}
