import { setTimeout as delay } from 'node:timers/promises';
import type { KeypoolClient } from '../../src/client/node.ts';
import { startDrawing } from '../load/drawer.ts';
import { atOnce } from '../pool/at-once.ts';
import { type Revocation, setUpTrial } from './changes.ts';

/** Whom the change is told, and whom the draws are asked of: another process, where there may be one. */
export interface Place {
  readonly admin: KeypoolClient['admin'];
  readonly drawPort: number;
}

const TRIALS_AT_ONCE = 10;
const SERVED_BEFORE = 20;
/** The change comes at any moment of the life of what the process remembers. */
const SPREAD_MS = 1000;
/** Longer than anything may be remembered: whoever is not served for so long is not served any more. */
const QUIET_MS = 2500;
const GIVE_UP_MS = 15_000;
const POLL_MS = 5;

async function until(holds: () => boolean): Promise<void> {
  const endAt = performance.now() + GIVE_UP_MS;
  while (!holds() && performance.now() < endAt) await delay(POLL_MS);
}

/** From the answer to the change until the answer of the last draw that was served all the same, in ms. */
async function measureTrial(
  { admin, drawPort }: Place,
  revocation: Revocation,
  name: string,
): Promise<number> {
  const trial = await setUpTrial(admin, name);
  const drawer = startDrawing(drawPort, trial);
  try {
    await until(() => drawer.served() >= SERVED_BEFORE);
    if (drawer.served() < SERVED_BEFORE) throw new Error(`${name} was not served before the change`);
    await delay(Math.random() * SPREAD_MS);
    await revocation.make(admin, trial);
    const madeAt = performance.now();
    await until(() => performance.now() - Math.max(madeAt, drawer.lastServedAt()) > QUIET_MS);
    return Math.max(0, drawer.lastServedAt() - madeAt);
  } finally {
    drawer.stop();
  }
}

/** So many trials of a change. Latencies in ms. */
export async function runTrials(place: Place, revocation: Revocation, trials: number): Promise<number[]> {
  const latencies: number[] = [];
  const names = Array.from({ length: trials }, (_, i) => `${revocation.name.replaceAll(' ', '-')}-${i}`);
  await atOnce(TRIALS_AT_ONCE, names, async (name) => {
    latencies.push(await measureTrial(place, revocation, name));
  });
  return latencies;
}
