import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import type { Tier } from '../../src/model/tier.ts';
import type { TierPolicy } from '../../src/model/tier-policy.ts';
import { connect } from '../../src/store/mongodb/connection.ts';
import { migrate } from '../../src/store/mongodb/migrations.ts';
import { openOn } from '../../src/store/mongodb/open.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { sharedMongod } from '../support/mongod.ts';
import { addTierWith, reportOf } from '../support/reporting.ts';
import { addKeys, same } from '../support/store-rows.ts';
import { shiftedClock, systemClock } from '../support/test-clock.ts';

/** What goes on beside the draws: the clock, change streams, and what is told to other processes. */
const BESIDE = new Set(['hello', 'getMore', 'ping', 'endSessions']);
/** More than a round looks at, so that what one has read ahead serves the next. */
const KEYS = 60;

/** A pool with a store whose commands are counted by their name and collection. */
async function scene(t: TestContext, policy: Partial<TierPolicy> = {}, clock = systemClock) {
  const lease = await sharedMongod();
  const connection = await connect(`${lease.uri}&monitorCommands=true`);
  await migrate(connection);
  const store = await openOn(connection, { clock, newId: uuid, warn: () => {} });
  t.after(async () => {
    await store.close();
    await lease.drop();
  });
  const tier = await addTierWith(store, policy);
  await addKeys(store, 'tier', same(KEYS));
  const sent: string[] = [];
  /** Of each take that was sent, whether it was a direct one; emptied when the server is asked for its time. */
  const direct: boolean[] = [];
  connection.client.on('commandStarted', ({ commandName, command }) => {
    if (!BESIDE.has(commandName)) sent.push(`${commandName} ${String(command[commandName])}`);
    if (commandName === 'hello') direct.length = 0;
    if (command.findAndModify === 'keys') direct.push(!Array.isArray(command.update));
    if (command.update === 'keys')
      direct.push(...command.updates.map(({ u }: { u: unknown }) => !Array.isArray(u)));
  });
  /** What `work` sends, sorted. */
  const commandsOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    sent.length = 0;
    await work();
    return sent.toSorted();
  };
  return { store, tiers: [tier], commandsOf, direct };
}

/** A queue that is drawn from lately is read ahead. */
async function warm(store: Store, tiers: readonly Tier[]): Promise<void> {
  for (let draws = 0; draws < 3; draws += 1) await drawMany(store, tiers, 'a', 1);
}

const TAKE = 'findAndModify keys';
const AUDIT = 'insert usage_events';

describe('The commands of a draw on MongoDB', () => {
  it('are, of a plain one that follows others, a take and its audit row', async (t) => {
    const { store, tiers, commandsOf } = await scene(t);
    await warm(store, tiers);
    for (let draws = 0; draws < 3; draws += 1)
      assert.deepEqual(await commandsOf(() => drawMany(store, tiers, 'a', 1)), [TAKE, AUDIT]);
  });

  it('are two takes and one insert for four plain ones together', async (t) => {
    const { store, tiers, commandsOf } = await scene(t);
    await warm(store, tiers);
    assert.deepEqual(await commandsOf(() => drawMany(store, tiers, 'a', 4)), [TAKE, TAKE, AUDIT]);
  });

  it('carry out sixteen takes each at most, where there are many', async (t) => {
    const { store, tiers, commandsOf } = await scene(t);
    for (const { draws, updates } of [
      { draws: 256, updates: 1 },
      { draws: 300, updates: 2 },
    ]) {
      let served = 0;
      const sent = await commandsOf(async () => {
        served = drawn(await drawMany(store, tiers, 'a', draws)).length;
      });
      assert.equal(served, draws);
      const rounds = sent.filter((name) => name === 'update keys' || name === AUDIT);
      assert.deepEqual(rounds, [AUDIT, ...Array(updates).fill('update keys')]);
    }
  });

  for (const { together, draws, rounds } of [
    { together: 'one by one', draws: 1, rounds: 8 },
    { together: 'many together', draws: 256, rounds: 1 },
  ])
    it(`tell the time themselves for a while, where the server refused that of takes sent ${together}`, async (t) => {
      const { clock, forward } = shiftedClock();
      const { store, tiers, direct } = await scene(t, {}, clock);
      await warm(store, tiers);
      assert.equal(direct.at(-1), true);
      const attempt = async () => {
        // The server has not come to that time.
        forward(500);
        direct.length = 0;
        for (let round = 0; round < rounds; round += 1) await drawMany(store, tiers, 'a', draws);
        const refused = direct.filter((isDirect) => isDirect).length;
        const sent = direct.length;
        await drawMany(store, tiers, 'a', draws);
        const after = direct.slice(sent);
        return refused >= 8 && after.length > 0 && !after.includes(true) ? true : null;
      };
      // On a busy machine the server seems far for a while, and pipelines are sent anyway.
      await eventually('only pipelines are sent', attempt, 30_000);
    });

  it('are a read and a write of the key, and the audit row, where draws in flight are kept', async (t) => {
    const { store, tiers, commandsOf } = await scene(t, { settleTimeoutMs: 60_000 });
    await warm(store, tiers);
    const sent = await commandsOf(() => drawMany(store, tiers, 'a', 1));
    assert.deepEqual(sent, ['find keys', AUDIT, 'update keys']);
  });
});

describe('The commands of reports on MongoDB', () => {
  it('write no key, where all went well with plain draws: one insert for all', async (t) => {
    const { store, tiers, commandsOf } = await scene(t);
    const served = drawn(await drawMany(store, tiers, 'a', 8));
    const reports = served.map((draw) => reportOf(draw, 'ok'));
    assert.deepEqual(await commandsOf(() => store.reportRound(reports)), [
      'find keys',
      'find usage_events',
      'insert outcome_reports',
    ]);
  });

  it('write the report first, and each key once, where they change it', async (t) => {
    const { store, tiers, commandsOf } = await scene(t);
    const [draw] = drawn(await drawMany(store, tiers, 'a', 1));
    assert.ok(draw);
    const sent = await commandsOf(() => store.reportRound([reportOf(draw, 'rate_limited')]));
    const written = sent.filter((name) => !name.startsWith('find ') && !name.includes('freed'));
    assert.deepEqual(written, ['insert outcome_reports', 'update keys', 'update outcome_reports']);
  });
});
