import type { TestContext } from 'node:test';
import type { CreateTierInput } from '../../src/domain/create-tier.ts';
import { steppedTimers } from '../support/stepped-timers.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { settled } from './held-rounds.ts';
import { draw, openPool, type Pool } from './open-pool.ts';

const SETTLING_TURNS = 8;

/** Lets everything run that is ready to run, several rounds one after another included. */
export async function settledRounds(): Promise<void> {
  for (let turns = 0; turns < SETTLING_TURNS; turns += 1) await settled();
}

/** A draw that waits, and what became of it so far. */
export interface Waiting {
  readonly ended: Promise<unknown>;
  /** A key's id, a refusal's reason, or null while it waits. */
  readonly what: () => string | null;
}

/** A pool whose time passes when the test says so. */
export interface WaitingPool extends Pool {
  readonly pass: (ms: number) => Promise<void>;
  /** Timers that are set. */
  readonly timers: () => number;
  /** Begins a draw, and lets it come as far as it can. */
  readonly begin: (input?: Parameters<typeof draw>[2], call?: Pool['caller']) => Promise<Waiting>;
  /** What was handed out or refused, in the order in which it was: the names given to `begin` by `requestId`, or `?`. */
  readonly order: readonly string[];
}

/** A tier whose keys serve `limit` draws in 10 s each, with a guard of 500 ms. */
export async function openWaitingPool(
  t: TestContext,
  { keys = 1, limit = 1, tier = {} }: { keys?: number; limit?: number; tier?: Partial<CreateTierInput> } = {},
): Promise<WaitingPool> {
  const timers = steppedTimers();
  const features = [{ name: 'scrape', limits: [limitOf({ limit, windowMs: 10_000, guardMs: 500 })] }];
  const pool = await openPool(t, {
    tiers: [newTier({ features, ...tier })],
    keys: Array.from({ length: keys }, () => newKey()),
    parts: { after: timers.after },
  });
  const { context, caller, clock } = pool;
  const order: string[] = [];
  const step = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settledRounds();
  };
  return {
    ...pool,
    order,
    timers: timers.set,
    pass: (ms) => timers.pass(ms, step),
    begin: async (input = {}, call = caller) => {
      let what: string | null = null;
      const note = (ended: string): void => {
        what = ended;
        order.push(input.requestId ?? '?');
      };
      const ended = draw(context, call, { maxWaitMs: 30_000, ...input }).then(
        ({ keyId }) => note(keyId),
        (error: unknown) =>
          note(error instanceof Error && 'reason' in error ? String(error.reason) : String(error)),
      );
      await settledRounds();
      return { ended, what: () => what };
    },
  };
}
