import assert from 'node:assert/strict';
import type { DrawReport, Outcome } from '../../src/model/audit.ts';
import type { FailingOutcome, FailureRule } from '../../src/model/failure-policy.ts';
import type { Key, KeyHealth } from '../../src/model/key.ts';
import type { OutcomeReport } from '../../src/model/outcome-report.ts';
import type { Limit, Tier } from '../../src/model/tier.ts';
import type { TierPolicy } from '../../src/model/tier-policy.ts';
import type { ReportResult, Store } from '../../src/store/port.ts';
import { eventually } from './eventually.ts';
import { tierOf } from './key-state.ts';
import { usageEvents } from './listing.ts';
import { eventOf } from './store-rows.ts';

type OfDraw = { readonly drawId: string };

/** Creates a tier with these limits by feature whose policy says so much. */
export async function addTierWith(
  store: Store,
  policy: Partial<TierPolicy>,
  features: Readonly<Record<string, readonly Limit[]>> = { a: [] },
  id = 'tier',
): Promise<Tier> {
  const plain = tierOf(features, id);
  const tier: Tier = { ...plain, policy: { ...plain.policy, ...policy } };
  await store.createTier(tier, eventOf('CreateTier', { resourceId: id }));
  return tier;
}

/** A rule that leaves the key alone, but for what `parts` says. */
export function ruleOf(outcome: FailingOutcome, parts: Partial<FailureRule> = {}): FailureRule {
  return {
    outcome,
    cooldown: 'none',
    cooldownAfter: 1,
    minCooldownMs: 1000,
    maxCooldownMs: 1000,
    quarantineAfter: null,
    ...parts,
  };
}

/** A report by an admin, with no chance in the lengths of cooldowns. */
export function reportOf(
  { drawId }: OfDraw,
  outcome: Outcome,
  parts: Partial<OutcomeReport> = {},
): OutcomeReport {
  return {
    drawId,
    consumerId: null,
    outcome,
    retryAfterMs: null,
    statusCode: null,
    units: null,
    message: null,
    jitter: 0,
    ...parts,
  };
}

/** One report, in a round of its own. */
export async function report(
  store: Store,
  draw: OfDraw,
  outcome: Outcome = 'ok',
  parts: Partial<OutcomeReport> = {},
): Promise<ReportResult> {
  const [result] = await store.reportRound([reportOf(draw, outcome, parts)]);
  return result ?? assert.fail('a report has no answer');
}

/** One report that must be new; gives the moment of it, by the store. */
export async function mustReport(
  store: Store,
  draw: OfDraw,
  outcome: Outcome = 'ok',
  parts: Partial<OutcomeReport> = {},
): Promise<number> {
  const result = await report(store, draw, outcome, parts);
  assert.ok(result.kind === 'reported' && result.isNew, JSON.stringify(result));
  return (await reportShown(store, draw)).at;
}

/** What the list shows of a draw's report, as soon as it shows the draw. */
export async function reportShown(store: Store, { drawId }: OfDraw): Promise<DrawReport> {
  const event = await eventually(
    `draw ${drawId} in the list`,
    async () => (await usageEvents(store)).find(({ id }) => id === drawId) ?? null,
  );
  return event.report ?? assert.fail('the draw shows no report');
}

/** A key as it stands. */
export async function keyNow(store: Store, { id }: { readonly id: string }): Promise<Key> {
  return (await store.getKey(id)) ?? assert.fail(`there is no key ${id}`);
}

/** The health of a key as it stands. */
export async function healthNow(store: Store, key: { readonly id: string }): Promise<KeyHealth> {
  return (await keyNow(store, key)).health;
}
