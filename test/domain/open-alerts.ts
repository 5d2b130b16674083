import type { TestContext } from 'node:test';
import { createWebhookClient } from '../../src/alerts/webhook-client.ts';
import { createAlerts } from '../../src/domain/alerts.ts';
import type { After } from '../../src/domain/background-task.ts';
import type { Context } from '../../src/domain/context.ts';
import { createWebhook } from '../../src/domain/create-webhook.ts';
import type { WebhookFields } from '../../src/domain/webhook-fields.ts';
import type { ListedAlert } from '../../src/store/port.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { type Domain, openDomain } from './open-domain.ts';

const TIMEOUT_MS = 2000;

/** Timers of one process that go off when the test says so. */
export interface SteppedTimers {
  readonly after: After;
  /** Runs all that wait for `maxMs` or less, and what these set up for at once. */
  readonly fire: (maxMs: number) => Promise<void>;
}

export function steppedTimers(): SteppedTimers {
  const timers = new Set<{ readonly ms: number; readonly run: () => void }>();
  const fireOnce = async (maxMs: number): Promise<void> => {
    for (const timer of [...timers]) {
      if (timer.ms > maxMs) continue;
      timers.delete(timer);
      timer.run();
    }
    // The store answers at once: a few turns, and all is done that waits for nothing else.
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    after: (ms, run) => {
      const timer = { ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    fire: async (maxMs) => {
      await fireOnce(maxMs);
      await fireOnce(100);
    },
  };
}

export interface Alerted extends Domain {
  readonly receiver: WebhookReceiver;
  readonly addWebhook: (fields?: Partial<WebhookFields>) => ReturnType<typeof createWebhook>;
  /** Lets so many ms pass, and all run that does so within 5 s. */
  readonly pass: (ms: number) => Promise<void>;
  readonly listed: () => Promise<readonly ListedAlert[]>;
}

/** Another process on the same store, which looks for alerts when the test says so. */
export function alertsOver(context: Context, timers: SteppedTimers) {
  return createAlerts({ ...context, after: timers.after });
}

/** A domain that looks for alerts and delivers them to a receiver on this machine, under a clock that is stepped. */
export async function openAlerted(t: TestContext): Promise<Alerted> {
  const receiver = await startWebhookReceiver();
  t.after(() => receiver[Symbol.asyncDispose]());
  const timers = steppedTimers();
  const webhookSender = createWebhookClient({ allowHttp: true, allowPrivate: true, timeoutMs: TIMEOUT_MS });
  const domain = await openDomain(t, { webhookSender, after: timers.after });
  const { context, root, clock } = domain;
  await context.alerts.begin();
  t.after(() => context.alerts.end());
  return {
    ...domain,
    receiver,
    addWebhook: (fields = {}) =>
      createWebhook(context, root, { webhook: { url: receiver.url, description: '', kinds: [], ...fields } }),
    pass: async (ms) => {
      clock.advance(ms);
      await timers.fire(5000);
    },
    listed: async () => (await context.store.listAlerts({}, { after: null, limit: 100 })).items,
  };
}
