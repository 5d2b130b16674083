import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BackgroundTask, startBackgroundTask } from './background-task.ts';
import type { DomainLog } from './context.ts';

/** Timers that fire when the test says so, and what was asked of them. */
function steppedTimers() {
  let pending: { readonly ms: number; readonly run: () => void } | null = null;
  return {
    after: (ms: number, run: () => void) => {
      const timer = { ms, run };
      pending = timer;
      return () => {
        if (pending === timer) pending = null;
      };
    },
    /** The pause asked for; null when no timer is set. */
    pauseMs: () => pending?.ms ?? null,
    fire: async () => {
      const timer = pending;
      pending = null;
      timer?.run();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function collectingLog(): DomainLog & { readonly messages: string[] } {
  const messages: string[] = [];
  const note = (_: unknown, message: string): void => void messages.push(message);
  return { messages, info: note, warn: note, error: note };
}

function taskOf(run: () => Promise<boolean>, moreAfterMs?: number) {
  const timers = steppedTimers();
  const log = collectingLog();
  const task: BackgroundTask = startBackgroundTask({
    name: 'task',
    everyMs: 100,
    run,
    ...(moreAfterMs === undefined ? {} : { moreAfterMs }),
    after: timers.after,
    log,
  });
  return { task, timers, log };
}

describe('a background task', () => {
  it('goes on at once as long as there is more to do, and rests in between', async () => {
    let left = 3;
    const { timers } = taskOf(async () => {
      left -= 1;
      return left > 0;
    });
    assert.equal(timers.pauseMs(), 100);
    await timers.fire();
    assert.equal(timers.pauseMs(), 0);
    await timers.fire();
    await timers.fire();
    assert.deepEqual([left, timers.pauseMs()], [0, 100]);
  });

  it('pauses before more of it where that is asked for', async () => {
    let left = 2;
    const { timers } = taskOf(async () => {
      left -= 1;
      return left > 0;
    }, 30);
    await timers.fire();
    assert.equal(timers.pauseMs(), 30);
    await timers.fire();
    assert.equal(timers.pauseMs(), 100);
  });

  it('starts at once when it is kicked, and runs again when that happens during a run', async () => {
    const run = Promise.withResolvers<boolean>();
    const { task, timers } = taskOf(() => run.promise);
    task.kick();
    assert.equal(timers.pauseMs(), 0);
    await timers.fire();
    task.kick();
    run.resolve(false);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(timers.pauseMs(), 0);
  });

  it('waits longer after each failure, up to 30 s, says so, and recovers', async () => {
    let fails = true;
    const { task, timers, log } = taskOf(async () => {
      if (fails) throw new Error('the store is away');
      return false;
    });
    const pauses: (number | null)[] = [];
    for (let i = 0; i < 10; i += 1) {
      await timers.fire();
      task.kick();
      pauses.push(timers.pauseMs());
    }
    assert.deepEqual(pauses.slice(0, 3), [200, 400, 800]);
    assert.equal(pauses.at(-1), 30_000);
    fails = false;
    await timers.fire();
    assert.equal(timers.pauseMs(), 100);
    assert.equal(log.messages.at(-1), 'a background task works again');
  });

  it('ends after the run that is under way, and starts no other', async () => {
    const run = Promise.withResolvers<boolean>();
    const { task, timers } = taskOf(() => run.promise);
    await timers.fire();
    let ended = false;
    const stopping = task.stop().then(() => {
      ended = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ended, false);
    run.resolve(true);
    await stopping;
    task.kick();
    assert.equal(timers.pauseMs(), null);
  });
});
