import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Call, Context } from '../../src/domain/context.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { eventually } from '../support/eventually.ts';
import { type Served, serve } from '../wire/served.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { contextOver, draw } from './open-pool.ts';

const WAITERS = 1000;
const KEYS = 10;
const MAX_WAIT_MS = 3000;
/** How much later than its wait's end a draw may end: a round under way, and a busy machine. */
const LATE_MS = 500;

const ROOT: Call = { identity: { kind: 'root' }, requestId: '', peerAddress: '192.0.2.1' };

/** How one of the draws ended. */
interface Ended {
  readonly served: boolean;
  readonly reason: string | null;
  readonly tookMs: number;
}

async function timed(work: Promise<unknown>): Promise<Ended> {
  const begun = performance.now();
  const reason = await work.then(
    () => null,
    (error: unknown) => (error instanceof Error && 'reason' in error ? String(error.reason) : String(error)),
  );
  return { served: reason === null, reason, tookMs: performance.now() - begun };
}

describe(`${WAITERS} draws that wait for ${KEYS} keys of 10 a second`, () => {
  let served: Served;
  before(async () => {
    served = await serve();
    const features = [{ name: 'scrape', limits: [limitOf({ limit: 10, windowMs: 1000 })] }];
    await createTier(served.context, ROOT, newTier({ features }));
    for (let i = 0; i < KEYS; i += 1)
      await createKey(served.context, ROOT, { tierId: 'basic', key: newKey() });
  });
  after(() => served.close());

  it('are served in the order in which they came, and none after its wait', async (t) => {
    /** The round that served a draw, by the draw's number. */
    const roundOf = new Map<number, number>();
    let rounds = 0;
    const context: Context = contextOver(t, served.context, {
      drawRound: async (draws, chosen) => {
        rounds += 1;
        const round = rounds;
        const results = await served.context.store.drawRound(draws, chosen);
        for (const [i, result] of results.entries())
          if (result.kind === 'drawn') roundOf.set(Number(draws[i]?.requestId), round);
        return results;
      },
    });
    const draws = Array.from({ length: WAITERS }, (_, i) =>
      timed(draw(context, { ...ROOT, requestId: String(i) }, { maxWaitMs: MAX_WAIT_MS })),
    );
    await eventually('they wait', () => (context.waitingLines.count() >= WAITERS / 2 ? true : null));
    const cpu = process.cpuUsage();
    const begun = performance.now();
    const ended = await Promise.all(draws);
    const { user, system } = process.cpuUsage(cpu);
    const percent = (user + system) / (performance.now() - begun) / 10;
    t.diagnostic(`CPU ${percent.toFixed(1)} % of a core, ${rounds} rounds`);

    const count = ended.filter((one) => one.served).length;
    // Each key gives 10 in 1.1 s, its guard included.
    assert.ok(count >= 2 * KEYS * 10 && count <= 4 * KEYS * 10, `${count} were served`);
    for (const { served: isServed, reason, tookMs } of ended) {
      assert.ok(isServed || reason === 'POOL_EXHAUSTED', String(reason));
      assert.ok(tookMs < MAX_WAIT_MS + LATE_MS, `one took ${tookMs} ms`);
    }
    const inOrder = [...roundOf].sort(([a], [b]) => a - b);
    let latest = 0;
    for (const [number, round] of inOrder) {
      assert.ok(
        round >= latest - 1,
        `draw ${number} was served in round ${round}, one before it in ${latest}`,
      );
      latest = Math.max(latest, round);
    }
    assert.equal(context.waitingLines.count(), 0);
  });
});
