import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { ContextParts } from '../../src/domain/create-context.ts';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import type { KeyOrdering, ListedKeys } from '../../src/domain/key-lists.ts';
import type { KeyView } from '../../src/domain/key-view.ts';
import { listKeys } from '../../src/domain/list-keys.ts';
import { conditionOf } from '../../src/model/condition.ts';
import { type Key, WELL } from '../../src/model/key.ts';
import { failureStreak, type KeyOrder, orderValue } from '../../src/model/key-order.ts';
import type { Store } from '../../src/store/port.ts';
import { addGroup } from '../support/quota-groups.ts';
import { addKeys, editKey, eventOf } from '../support/store-rows.ts';
import { newKey, newTier } from './examples.ts';
import { type Domain, openDomain, unheldTimers } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

const ORDERS: readonly KeyOrder[] = ['creation', 'cooling_until', 'remaining', 'failure_streak', 'state'];

/** What varies from key to key; moments count from the beginning of the test. */
interface Shape {
  readonly state: Key['state'];
  readonly failures: number;
  readonly coolsMs: number | null;
  readonly used: number | null;
  readonly group: string | null;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  state: fc.constantFrom('active', 'active', 'disabled', 'quarantined'),
  failures: fc.constantFrom(0, 0, 1, 2, 5),
  coolsMs: fc.constantFrom(null, null, -1000, 50_000, 60_000),
  used: fc.constantFrom(null, 0, 3, 10),
  group: fc.constantFrom(null, 'g'),
});

function partsOf({ state, failures, coolsMs, used, group }: Shape, now: number): Partial<Key> {
  return {
    state,
    budgets:
      used === null
        ? []
        : [{ limit: 10, windowMs: null, periods: null, used, startAt: null, epoch: 1, countsFrom: 0 }],
    traits: { weight: 1, maxInFlight: null, groupId: group, rampFrom: null },
    health: {
      ...WELL,
      failures: failures === 0 ? {} : { timeout: failures },
      cooling: coolsMs === null ? {} : { '*': now + coolsMs },
      quarantinedAt: state === 'quarantined' ? now : null,
    },
  };
}

/** The whole list as a sort of all keys gives it. */
function reference(keys: readonly Key[], filter: ListedKeys, { by, descending }: KeyOrdering, now: number) {
  const rank = (key: Key): number => {
    const value = orderValue(key, by, now);
    if (value === null) return Infinity;
    return (by === 'failure_streak') !== descending ? -value : value;
  };
  const idSign = by === 'creation' && descending ? -1 : 1;
  return keys
    .filter(
      (key) =>
        (filter.tierId === undefined || key.tierId === filter.tierId) &&
        (filter.state === undefined || key.state === filter.state) &&
        (filter.condition === undefined || conditionOf(key, now).condition === filter.condition) &&
        (filter.groupId === undefined || key.traits.groupId === filter.groupId) &&
        failureStreak(key) >= (filter.minFailureStreak ?? 0),
    )
    .toSorted((a, b) => {
      const [left, right] = [rank(a), rank(b)];
      if (left !== right) return left < right ? -1 : 1;
      return idSign * (a.id < b.id ? -1 : 1);
    })
    .map(({ id }) => id);
}

/** Follows a list to its end; `between` runs after each page. */
async function follow(
  { context, root }: Domain,
  filter: ListedKeys,
  ordering: KeyOrdering,
  pageSize: number,
  between: () => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let pageToken = ''; ; ) {
    const input = { pageSize, pageToken, filter, ordering };
    const page: { items: readonly KeyView[]; next: string | null } = await listKeys(context, root, input);
    assert.ok(page.items.length <= pageSize);
    ids.push(...page.items.map(({ id }) => id));
    if (page.next === null) return ids;
    pageToken = page.next;
    await between();
  }
}

/** Deletes all keys. */
async function clear(store: Store): Promise<void> {
  const { items } = await store.listKeys({}, { after: null, limit: 1000 });
  for (const { id } of items) await store.deleteKey(id, () => eventOf('DeleteKey'));
}

async function openTiers(t: TestContext): Promise<Domain> {
  const domain = await openDomain(t);
  for (const id of ['basic', 'other']) await createTier(domain.context, domain.root, newTier({ id }));
  await addGroup(domain.context.store, { id: 'g' });
  return domain;
}

const filters: fc.Arbitrary<ListedKeys> = fc.constantFrom<ListedKeys[]>(
  { tierId: 'basic' },
  { tierId: 'basic', state: 'active' },
  { tierId: 'basic', condition: 'ready' },
  { tierId: 'basic', condition: 'exhausted' },
  { tierId: 'basic', minFailureStreak: 2 },
  { tierId: 'basic', groupId: 'g' },
  { tierId: 'basic', condition: 'quarantined' },
  { tierId: 'basic', condition: 'disabled', state: 'active' },
  { minFailureStreak: 1 },
);

describe('an ordered list of keys', () => {
  it('is what a sort of all of them gives, whatever the order, the filter and the size of its pages', async (t) => {
    const domain = await openTiers(t);
    const { store } = domain.context;
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 12 }),
        filters,
        fc.constantFrom(...ORDERS),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        async (shapes, filter, by, descending, pageSize) => {
          const now = store.now();
          for (const [i, one] of shapes.entries())
            await addKeys(store, i % 4 === 3 ? 'other' : 'basic', [partsOf(one, now)]);
          const all = (await store.listKeys({}, { after: null, limit: 1000 })).items;
          const ordering = { by, descending };
          const listed = await follow(domain, filter, ordering, pageSize);
          assert.deepEqual(listed, reference(all, filter, ordering, now));
          await clear(store);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives each key that nobody changes once, while others are changed and time goes on', async (t) => {
    const domain = await openTiers(t);
    const { store } = domain.context;
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 4, maxLength: 12 }),
        fc.constantFrom(...ORDERS),
        fc.boolean(),
        fc.array(shape, { minLength: 3, maxLength: 6 }),
        async (shapes, by, descending, edits) => {
          const now = store.now();
          const keys = await addKeys(
            store,
            'basic',
            shapes.map((one) => partsOf(one, now)),
          );
          const restless = keys.filter((_, i) => i % 2 === 0).map(({ id }) => id);
          let edit = 0;
          const listed = await follow(domain, { tierId: 'basic' }, { by, descending }, 2, async () => {
            const one = edits[edit % edits.length];
            const id = restless[edit % restless.length];
            edit += 1;
            // Past the ends of cooldowns.
            domain.clock.advance(20_000);
            if (one !== undefined && id !== undefined) await editKey(store, id, () => partsOf(one, now));
          });
          const still = keys.map(({ id }) => id).filter((id) => !restless.includes(id));
          const seen = listed.filter((id) => still.includes(id));
          assert.deepEqual(seen.toSorted(), still.toSorted());
          await clear(store);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('asks for a tier where every key has to be looked at', async (t) => {
    const domain = await openTiers(t);
    const list = (filter: ListedKeys, by: KeyOrder) => follow(domain, filter, { by, descending: false }, 10);
    assert.deepEqual(await refusedFields(list({}, 'remaining')), ['tierId']);
    assert.deepEqual(await refusedFields(list({ condition: 'ready' }, 'creation')), ['tierId']);
    await createKey(domain.context, domain.root, { tierId: 'basic', key: newKey() });
    assert.equal((await list({}, 'cooling_until')).length, 1);
    assert.equal((await list({ condition: 'cooling' }, 'remaining')).length, 0);
  });

  it('is a heavy call, but for what an index gives', async (t) => {
    const after: ContextParts['after'] = (ms, run) => unheldTimers(Math.min(ms, 5), run);
    const domain = await openDomain(t, { after, heavyCallsMax: 1 });
    const held = Promise.withResolvers<void>();
    const holding = domain.context.heavyCalls.run(undefined, () => held.promise);
    const list = (filter: ListedKeys, by: KeyOrder) => follow(domain, filter, { by, descending: false }, 10);
    await refused(list({}, 'state'), 'HEAVY_CALLS_BUSY');
    await refused(list({ condition: 'cooling' }, 'creation'), 'HEAVY_CALLS_BUSY');
    assert.deepEqual(await list({ state: 'active' }, 'creation'), []);
    held.resolve();
    await holding;
    assert.deepEqual(await list({}, 'state'), []);
  });
});
