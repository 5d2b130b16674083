import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { KeypoolError } from '../../src/domain/errors.ts';
import { createWaitingLines } from '../../src/domain/waiting-lines.ts';
import type { Change, DrawRequest } from '../../src/store/port.ts';
import { steppedTimers } from '../support/stepped-timers.ts';
import { testClock } from '../support/test-clock.ts';
import { drawCalled, settled } from './held-rounds.ts';

const PERIOD_MS = 100;

/** What happens one after another: a draw comes, one that waits goes, units come (and are told of or not), time passes. */
const STEP = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ what: fc.constant('come' as const), number: fc.integer({ min: 1, max: 3000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('go' as const), number: fc.nat({ max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('free' as const), number: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('pass' as const), number: fc.integer({ min: 1, max: 500 }) }),
  },
);

/** A pool of units of which one comes back every {@link PERIOD_MS}, and draws that wait for them. */
async function openLine() {
  const clock = testClock();
  const timers = steppedTimers();
  const listeners = new Set<(change: Change) => void>();
  const store = {
    now: clock.nowMs,
    changeLagMs: () => 0,
    onChange: (listener: (change: Change) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const lines = createWaitingLines({ store, clock, after: timers.after });
  const request: DrawRequest = drawCalled('any');
  const served: number[] = [];
  const ended = new Map<number, { readonly how: string; readonly at: number; readonly until: number }>();
  const leaves = new Map<number, AbortController>();
  let units = 0;
  let nextUnitAt = clock.nowMs() + PERIOD_MS;
  let number = 0;

  /** Whether there is a unit now; it is taken then. */
  const take = (): boolean => {
    for (; nextUnitAt <= clock.nowMs(); nextUnitAt += PERIOD_MS) units += 1;
    if (units === 0) return false;
    units -= 1;
    return true;
  };

  async function waits(own: number, maxWaitMs: number, signal: AbortSignal): Promise<void> {
    const ticket = lines.ticket(maxWaitMs, signal);
    const end = (how: string): void => {
      ended.set(own, { how, at: clock.monotonicMs(), until: ticket.until });
    };
    try {
      for (;;) {
        const turn = await lines.wait(ticket, request, nextUnitAt);
        if (turn.kind === 'over') return end('over');
        if (turn.kind !== 'try') continue;
        const got = take();
        turn.end(got ? null : nextUnitAt);
        if (!got) continue;
        served.push(own);
        return end('served');
      }
    } catch (error) {
      end(error instanceof KeypoolError ? error.reason : String(error));
    }
  }

  const step = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
    await settled();
  };
  return {
    lines,
    served,
    ended,
    timers: timers.set,
    pass: (ms: number) => timers.pass(ms, step),
    come: (maxWaitMs: number) => {
      number += 1;
      const leave = new AbortController();
      leaves.set(number, leave);
      void waits(number, maxWaitMs, leave.signal);
    },
    go: (own: number) => leaves.get(own)?.abort(),
    free: (count: number) => {
      units += count;
      for (const listener of listeners) listener({ kind: 'all' });
    },
  };
}

it('whoever comes, goes and frees: who came first is served first, nobody after its wait, and nothing is left over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const line = await openLine();
      for (const { what, number } of steps) {
        if (what === 'come') line.come(number);
        else if (what === 'go') line.go(number);
        else if (what === 'free') line.free(number);
        await line.pass(what === 'pass' ? number : 0);
        assert.ok(line.timers() <= 1, `${line.timers()} timers`);
      }
      await line.pass(3000);
      assert.deepEqual(
        line.served,
        line.served.toSorted((a, b) => a - b),
      );
      for (const [number, { how, at, until }] of line.ended) {
        assert.ok(at <= until, `${number} ended ${at - until} ms after its wait: ${how}`);
        assert.ok(['served', 'over', 'CANCELED'].includes(how), how);
      }
      assert.deepEqual([line.lines.count(), line.timers()], [0, 0]);
    }),
    { numRuns: 60 },
  );
});
