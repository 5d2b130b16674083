import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import { drawFrom } from '../pool/shape.ts';
import { readInput } from '../server/script.ts';

/** What the process does until it is killed. */
export interface VictimPlan {
  readonly url: string;
  readonly tierId: string;
  readonly draws: number;
}

const ROUND = 256;

/** Draws round after round, as the service would, and hangs at the audit of each: all of its takes stay open. */
const { url, tierId, draws } = await readInput<VictimPlan>();
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const store = await openMongoStore(url, { clock, newId: () => uuid(), warn: () => undefined });
const tier = await store.getTier(tierId);
if (tier === null) throw new Error(`there is no tier ${tierId}`);
const draw = drawFrom(tier, 'nobody');
for (let taken = 0; taken < draws; taken += ROUND) {
  const round = Array.from({ length: Math.min(ROUND, draws - taken) }, () => draw);
  await new Promise<void>((chosen) => {
    store.drawRound(round, chosen).catch(() => undefined);
  });
}
