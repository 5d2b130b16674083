import type { TestContext } from 'node:test';
import { createAvailabilityWatches } from '../../src/domain/availability-watches.ts';
import type { Call, Context } from '../../src/domain/context.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import type { ContextParts } from '../../src/domain/create-context.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { type CreateTierInput, createTier } from '../../src/domain/create-tier.ts';
import { createCredits } from '../../src/domain/credits.ts';
import { createDirectory } from '../../src/domain/directory.ts';
import { type DrawKeyInput, drawKey } from '../../src/domain/draw-key.ts';
import { grantTier } from '../../src/domain/grant-tier.ts';
import type { NewKey } from '../../src/domain/key-fields.ts';
import { createRounds } from '../../src/domain/rounds.ts';
import { createWaitingLines } from '../../src/domain/waiting-lines.ts';
import type { DrawEvent } from '../../src/model/audit.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import type { Store } from '../../src/store/port.ts';
import { isDraw } from '../support/listing.ts';
import { newConsumer, newKey, newTier } from './examples.ts';
import { callOf, type Domain, openDomain } from './open-domain.ts';

export interface Pool extends Domain {
  /** One for each key asked for, in that order. */
  readonly keyIds: readonly string[];
  /** Is granted every tier asked for. */
  readonly consumer: Consumer;
  /** A call by that consumer. */
  readonly caller: Call;
}

/** Tiers with keys, all in the first one unless told, and a consumer that may draw them. */
export async function openPool(
  t: TestContext,
  {
    tiers = [newTier()],
    keys = [newKey()],
    parts = {},
  }: {
    readonly tiers?: readonly CreateTierInput[];
    readonly keys?: readonly (NewKey & { readonly tierId?: string })[];
    readonly parts?: Partial<ContextParts>;
  } = {},
): Promise<Pool> {
  const domain = await openDomain(t, parts);
  const { context, root } = domain;
  for (const tier of tiers) await createTier(context, root, tier);
  const keyIds: string[] = [];
  for (const { tierId = 'basic', ...key } of keys)
    keyIds.push((await createKey(context, root, { tierId, key })).id);
  let { consumer } = await createConsumer(context, root, { consumer: newConsumer() });
  for (const { id } of tiers)
    consumer = await grantTier(context, root, { consumerId: consumer.id, tierId: id });
  return { ...domain, keyIds, consumer, caller: callOf(consumer) };
}

/** Draws one unit of `scrape`, unless told otherwise. */
export function draw(context: Context, call: Call, input: Partial<DrawKeyInput> = {}) {
  return drawKey(context, call, { feature: 'scrape', units: 1, tierId: null, requestId: null, ...input });
}

/** The domain of another process on the same store, where some of the store's methods answer in a way of their own. */
export function contextOver(t: TestContext, context: Context, parts: Partial<Store>): Context {
  const store = { ...context.store, ...parts };
  const directory = createDirectory(store, context.clock);
  t.after(directory.close);
  const { clock, log, credits } = context;
  const rounds = createRounds(store, clock);
  const { settings } = credits;
  return {
    ...context,
    store,
    directory,
    rounds,
    waitingLines: createWaitingLines({ store, clock, after: context.after }),
    availabilityWatches: createAvailabilityWatches({ store, clock, after: context.after }),
    credits: createCredits({ store, directory, clock, log, settings }),
  };
}

/** Another process that is not told of changes. */
export function unheard(t: TestContext, context: Context): Context {
  return contextOver(t, context, { onChange: () => () => {}, changeLagMs: () => Infinity });
}

/** Every audit row of a draw, oldest first. */
export async function auditOf({ store }: Context): Promise<readonly DrawEvent[]> {
  const { items } = await store.listUsageEvents({}, { after: null, limit: 1000 });
  return items.filter(isDraw).toReversed();
}
