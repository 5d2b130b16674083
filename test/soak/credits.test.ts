import { it } from 'node:test';
import { creditsUnderLoad } from '../support/credit-load.ts';

/** How long, and the seed of what is random; both can be set, to repeat a run. */
const SECONDS = Number(process.env.SOAK_SECONDS ?? 180);
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 32));

it(`No identity is over its credits in any trailing minute, and 95 % are served, for ${SECONDS} s`, {
  timeout: 120_000 + SECONDS * 2000,
}, async (t) => {
  t.diagnostic(`SOAK_SEED=${SEED}`);
  await creditsUnderLoad(t, { seconds: SECONDS, untilSpent: false, seed: SEED });
});
