import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawInRounds, drawn, drawOf, mustDraw } from '../../../test/support/drawing.ts';
import { usageEvents } from '../../../test/support/listing.ts';
import { report, reportOf, reportShown } from '../../../test/support/reporting.ts';
import { sqliteHarness } from '../../../test/support/sqlite-harness.ts';
import { useStore } from '../../../test/support/store-harness.ts';
import { addKeys, addTier, same } from '../../../test/support/store-rows.ts';
import type { Drawn, Store } from '../port.ts';

/** More than wait to be indexed at any time. */
const DRAWS = 5000;

async function drawLots(store: Store): Promise<Drawn[]> {
  const tier = await addTier(store, { a: [] });
  await addKeys(store, 'tier', same(16));
  const draws = Array.from({ length: DRAWS }, () => drawOf([tier], 'a'));
  return drawn(await drawInRounds([store], draws, 250));
}

async function isReportedNew(store: Store, draws: readonly Drawn[]): Promise<boolean> {
  const results = await store.reportRound(draws.map((draw) => reportOf(draw, 'ok')));
  return results.every((result) => result.kind === 'reported' && result.isNew);
}

describe('SQLite: a draw is found by its id', () => {
  it('whether it is indexed, about to be, or from before the store was opened', async (t) => {
    const { store, open } = await useStore(t, sqliteHarness);
    const served = await drawLots(store);
    assert.equal(served.length, DRAWS);
    const every = (n: number, of: number) => served.filter((_, i) => i % of === n);
    assert.ok(await isReportedNew(store, every(0, 3)));
    await usageEvents(store);
    assert.ok(await isReportedNew(store, every(1, 3)));
    await store.close();
    const other = await open();
    assert.ok(await isReportedNew(other, every(2, 3)));
    assert.equal((await usageEvents(other)).filter((event) => event.report !== null).length, DRAWS);
  });

  it('after a round that was undone, and one that was undone itself is found nowhere', async (t) => {
    let isBroken = false;
    const newId = (() => {
      let n = 0;
      return () => {
        if (isBroken) throw new Error('no more ids');
        n += 1;
        return `id-${n}`;
      };
    })();
    const { store } = await useStore(t, sqliteHarness, { newId });
    const tier = await addTier(store, { a: [] });
    await addKeys(store, 'tier', same(2));
    const first = await mustDraw(store, [tier], 'a');
    assert.equal((await report(store, first)).kind, 'reported');
    const second = await mustDraw(store, [tier], 'a');
    isBroken = true;
    await assert.rejects(mustDraw(store, [tier], 'a'), /no more ids/);
    isBroken = false;
    const third = await mustDraw(store, [tier], 'a');
    for (const draw of [second, third]) assert.equal((await report(store, draw)).kind, 'reported');
    assert.equal((await reportShown(store, second)).outcome, 'ok');
  });
});
