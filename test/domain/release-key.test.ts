import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Context } from '../../src/domain/context.ts';
import { refuseIfLate } from '../../src/domain/release-key.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { eventually } from '../support/eventually.ts';
import { eventOf } from '../support/store-rows.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { settled } from './held-rounds.ts';
import { auditOf, contextOver, draw, openPool, type Pool } from './open-pool.ts';
import { refused } from './refusals.ts';

/** Half the guard of the example's limit of a minute, as `guardMs` gives it. */
const LEAVE_WITHIN_MS = 500;

/** A domain whose first `rounds` rounds are answered later than a value may leave. */
function lateBy(t: TestContext, { context, clock }: Pool, rounds: number, ms = LEAVE_WITHIN_MS + 1): Context {
  let late = 0;
  return contextOver(t, context, {
    drawRound: async (draws) => {
      const results = await context.store.drawRound(draws);
      late += 1;
      if (late <= rounds) clock.advance(ms);
      return results;
    },
  });
}

async function withheldRows(context: Context): Promise<readonly boolean[]> {
  return (await auditOf(context)).map(({ withheld }) => withheld);
}

describe('a value that comes', () => {
  it('just in time leaves', async (t) => {
    const pool = await openPool(t);
    await draw(lateBy(t, pool, 1, LEAVE_WITHIN_MS), pool.caller);
    assert.deepEqual(await withheldRows(pool.context), [false]);
  });

  it('too late is withheld, and its draw goes into the next round', async (t) => {
    const pool = await openPool(t);
    const { drawId } = await draw(lateBy(t, pool, 2), pool.caller, { requestId: 'mine' });
    const rows = await auditOf(pool.context);
    assert.deepEqual(
      rows.map(({ id, withheld }) => [id === drawId, withheld]),
      [
        [false, true],
        [false, true],
        [true, false],
      ],
    );
    assert.equal((await draw(pool.context, pool.caller, { requestId: 'mine' })).drawId, drawId);
  });

  it('too late time and again is given up, and never left', async (t) => {
    const pool = await openPool(t);
    await refused(draw(lateBy(t, pool, Infinity), pool.caller), 'STORE_UNAVAILABLE');
    assert.deepEqual(
      await withheldRows(pool.context),
      Array.from({ length: 8 }, () => true),
    );
  });

  it('too late for a retry stays as it was: it may have left before', async (t) => {
    const pool = await openPool(t);
    const first = await draw(pool.context, pool.caller, { requestId: 'mine' });
    const again = await draw(lateBy(t, pool, 1), pool.caller, { requestId: 'mine' });
    assert.deepEqual([again.drawId, again.replayed], [first.drawId, true]);
    assert.deepEqual(await withheldRows(pool.context), [false]);
  });

  it('late leaves all the same where no window binds', async (t) => {
    const tiers = [newTier({ features: [{ name: 'scrape', limits: [] }] })];
    const pool = await openPool(t, { tiers });
    const key = await draw(lateBy(t, pool, 1, 60_000), pool.caller);
    assert.equal(refuseIfLate(pool.context, key), null);
  });
});

describe('the last look before an answer is written', () => {
  it('lets a value leave in time, and withholds it after that', async (t) => {
    const { context, clock, caller, logged } = await openPool(t);
    const key = await draw(context, caller);
    clock.advance(LEAVE_WITHIN_MS);
    assert.equal(refuseIfLate(context, key), null);
    clock.advance(1);
    assert.equal(refuseIfLate(context, key)?.reason, 'STORE_UNAVAILABLE');
    await eventually('its row is marked', async () => (await auditOf(context))[0]?.withheld || null);
    assert.ok(logged.includes('a value came too late to leave and was withheld'));
  });

  it('leaves the row of a retry as it was', async (t) => {
    const { context, clock, caller } = await openPool(t);
    await draw(context, caller, { requestId: 'mine' });
    const again = await draw(context, caller, { requestId: 'mine' });
    clock.advance(LEAVE_WITHIN_MS + 1);
    assert.equal(refuseIfLate(context, again)?.reason, 'STORE_UNAVAILABLE');
    await settled();
    assert.deepEqual(await withheldRows(context), [false]);
  });

  it('logs when the row cannot be marked', async (t) => {
    const { context, clock, caller, logged } = await openPool(t);
    const key = await draw(context, caller);
    clock.advance(LEAVE_WITHIN_MS + 1);
    await context.store.close();
    assert.equal(refuseIfLate(context, key)?.reason, 'STORE_UNAVAILABLE');
    await eventually('it is logged', () => logged.includes('a withheld draw could not be marked') || null);
  });
});

/** Puts the sealed value of another row into a key's row, where it does not open. */
async function breakSeal({ store }: Context, id: string, otherId: string): Promise<void> {
  const moved = (await store.getKey(otherId))?.value ?? assert.fail('there is another key');
  await store.editKey(id, (key) => ({ row: { ...key, value: moved }, event: eventOf('UpdateKey') }));
}

/** A pool of two keys that are drawn in that order. */
async function openTwo(t: TestContext) {
  const features = [{ name: 'scrape', limits: [limitOf()] }];
  const pool = await openPool(t, { tiers: [newTier({ features })], keys: [newKey(), newKey()] });
  const [broken = '', sound = ''] = pool.keyIds;
  return { ...pool, broken, sound };
}

describe('a key whose sealed value does not open', () => {
  it('is quarantined with the reason, and the next one is drawn', async (t) => {
    const { context, caller, broken, sound, logged } = await openTwo(t);
    await breakSeal(context, broken, sound);
    const before = await context.store.getKey(broken);
    assert.equal((await draw(context, caller)).keyId, sound);
    const row = await context.store.getKey(broken);
    assert.equal(row?.state, 'quarantined');
    assert.match(row.stateReason, /^SEAL_BROKEN: the sealed text was altered or moved$/);
    assert.equal(row.version, before?.version);
    const rows = await auditOf(context);
    assert.deepEqual(
      rows.map(({ keyId, withheld }) => [keyId, withheld]),
      [
        [broken, true],
        [sound, false],
      ],
    );
    assert.ok(logged.includes('a key was quarantined: its value does not open'));
  });

  it('is quarantined too when that value was opened before, where it belongs', async (t) => {
    const { context, caller, broken, sound } = await openTwo(t);
    for (const id of [broken, sound]) assert.equal((await draw(context, caller)).keyId, id);
    await breakSeal(context, broken, sound);
    assert.equal((await draw(context, caller)).keyId, sound);
    assert.equal((await context.store.getKey(broken))?.state, 'quarantined');
    assert.equal((await draw(context, caller)).keyId, sound);
  });

  it('comes back with a new value', async (t) => {
    const { context, root, caller, broken, sound } = await openTwo(t);
    await breakSeal(context, broken, sound);
    await draw(context, caller);
    const changes = { value: 'upstream-value-anew', state: 'active' } as const;
    await updateKey(context, root, { id: broken, etag: null, changes });
    const values = [await draw(context, caller), await draw(context, caller)].map(({ value }) => value);
    assert.ok(values.includes('upstream-value-anew'));
  });

  it('is quarantined for one secret that does not open', async (t) => {
    const { context, caller, broken, sound } = await openTwo(t);
    await context.store.editKey(broken, (key) => ({
      row: { ...key, secrets: { account: key.value } },
      event: eventOf('UpdateKey'),
    }));
    assert.equal((await draw(context, caller)).keyId, sound);
    assert.equal((await context.store.getKey(broken))?.state, 'quarantined');
  });

  it('is not handed out to a retry either, whose row stays as it was', async (t) => {
    const { context, caller, broken, sound } = await openTwo(t);
    assert.equal((await draw(context, caller, { requestId: 'mine' })).keyId, broken);
    await breakSeal(context, broken, sound);
    await refused(draw(context, caller, { requestId: 'mine' }), 'POOL_EMPTY');
    assert.equal((await context.store.getKey(broken))?.state, 'quarantined');
    assert.deepEqual(await withheldRows(context), [false]);
  });
});
