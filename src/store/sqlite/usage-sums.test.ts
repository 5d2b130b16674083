import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { drawMany } from '../../../test/support/drawing.ts';
import { allUsageEvents } from '../../../test/support/listing.ts';
import { addKeys, addTier, eventOf, same } from '../../../test/support/store-rows.ts';
import { plainCount, recordOf, summaryOf } from '../../../test/support/summed-usage.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { testClock } from '../../../test/support/test-clock.ts';
import type { UsageSubject } from '../../model/usage-summary.ts';
import type { Store } from '../port.ts';
import { openSqliteStore } from './open.ts';
import { HOURS_AT_ONCE } from './usage-summary.ts';

/** Rounds of which some begin a batch, with all of its parts after them. */
const ROUNDS = 24;
const DRAWS = 250;
const HALF_AN_HOUR_MS = 1_800_000;
const HOUR_MS = 3_600_000;

async function checkSums(store: Store, keyId: string): Promise<number> {
  const events = await allUsageEvents(store);
  const subjects: readonly UsageSubject[] = [
    { kind: 'all' },
    { kind: 'consumer', id: 'c-1' },
    { kind: 'feature', id: 'a' },
    { kind: 'key', id: keyId },
  ];
  for (const subject of subjects) {
    const summary = await summaryOf(store, subject);
    assert.deepEqual(summary, plainCount(events, subject, summary), JSON.stringify(subject));
  }
  return events.length;
}

describe('SQLite: sums of usage', () => {
  it('are right wherever the process ended, or a write was undone', async () => {
    await using folder = await temporaryFolder();
    const clock = testClock();
    const open = (file: string) => openSqliteStore(folder.file(file), { clock, newId: uuid, warn: () => {} });
    const store = await open('keypool.db');
    const tier = await addTier(store, { a: [] });
    const [key] = await addKeys(store, 'tier', same(5));
    const counts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await drawMany(store, [tier], 'a', DRAWS, { consumerId: `c-${round % 2}` });
      await store.recordUsage([recordOf({ endpoint: '/x' }), recordOf({ kind: 'verify', units: 5 })]);
      if (round % 3 === 0) clock.advance(HALF_AN_HOUR_MS);
      if (round % 5 === 0)
        await assert.rejects(
          store.deleteTier('tier', () => eventOf('DeleteTier')),
          { kind: 'not-empty' },
        );
      // What is on the disk at this moment is what a process finds that starts after this one was killed.
      for (const end of ['', '-wal'])
        await copyFile(folder.file(`keypool.db${end}`), folder.file(`copy-${round}.db${end}`));
      const copy = await open(`copy-${round}.db`);
      counts.push(await checkSums(copy, key?.id ?? ''));
      await copy.close();
    }
    assert.deepEqual(
      counts,
      counts.map((_, round) => (round + 1) * (DRAWS + 2)),
    );
    await checkSums(store, key?.id ?? '');
    await store.close();
  });

  it('are added up over more hours than are read at once, while others come in between', async () => {
    const clock = testClock();
    const store = await openSqliteStore(':memory:', { clock, newId: uuid, warn: () => {} });
    const hours = 2 * HOURS_AT_ONCE + 1;
    for (let hour = 0; hour < hours; hour++) {
      await store.recordUsage([recordOf({ endpoint: `/${hour % 2}` })]);
      // Once there is nothing for longer than that.
      clock.advance(hour === 1 ? 3 * HOURS_AT_ONCE * HOUR_MS : HOUR_MS);
    }
    const all: UsageSubject = { kind: 'all' };
    const summary = await summaryOf(store, all);
    assert.deepEqual(summary, plainCount(await allUsageEvents(store), all, summary));
    assert.equal(summary.requests, hours);
    let ended = false;
    const reading = store.summarizeUsage(all, {}).finally(() => {
      ended = true;
    });
    await store.recordUsage([recordOf()]);
    assert.equal(ended, false);
    assert.ok((await reading).requests >= hours);
    await store.close();
  });

  it('are of hours of UTC, also where the clock steps back into the one before', async () => {
    const clock = testClock(Date.UTC(2026, 2, 29, 0, 59, 59, 999));
    const store = await openSqliteStore(':memory:', { clock, newId: uuid, warn: () => {} });
    await store.recordUsage([recordOf()]);
    clock.advance(1);
    await store.recordUsage([recordOf(), recordOf()]);
    clock.jump(-1);
    await store.recordUsage([recordOf()]);
    const requests = async (startAt: number, endAt: number) => {
      const summary = await summaryOf(store, { kind: 'all' }, { startAt, endAt });
      return [summary.requests, summary.startAt, summary.endAt];
    };
    const one = Date.UTC(2026, 2, 29, 1);
    assert.deepEqual(await requests(one - 3_600_000, one), [2, one - 3_600_000, one]);
    assert.deepEqual(await requests(one, one + 1), [2, one, one + 3_600_000]);
    await store.close();
  });
});
