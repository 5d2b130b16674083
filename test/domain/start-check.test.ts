import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { openSealing } from '../../src/domain/start-check.ts';
import { createSealer, sealingKeyId } from '../../src/model/sealing.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { testClock } from '../support/test-clock.ts';
import { refused } from './refusals.ts';

const ONE = randomBytes(32);
const OTHER = randomBytes(32);

/** A database and what starting on it with these sealing keys gives. */
async function openStarts(t: TestContext) {
  const store = await openSqliteStore(':memory:', { clock: testClock(), newId: uuid, warn: () => {} });
  t.after(() => store.close());
  const start = (current: Uint8Array | null, retired: readonly Uint8Array[] = []) =>
    openSealing(store, createSealer(current, retired, randomBytes), randomBytes);
  const canaries = async () => [...(await store.listMeta('canary.')).keys()];
  return { store, start, canaries };
}

describe('the start-up check', () => {
  it('gives one fingerprint key for good, sealed when encryption is on', async (t) => {
    const { store, start } = await openStarts(t);
    const key = await start(ONE);
    assert.equal(key.length, 32);
    assert.deepEqual(await start(ONE), key);
    const kept = (await store.listMeta('fingerprint-key')).get('fingerprint-key') ?? '';
    assert.match(kept, /^enc:gcm:/);
  });

  it('refuses a start without a key that sealed something, naming it and the variables', async (t) => {
    const { start, canaries } = await openStarts(t);
    await start(ONE);
    for (const current of [null, OTHER]) {
      const error = await refused(start(current), 'SEAL_BROKEN');
      assert.ok(error.message.includes(sealingKeyId(ONE)));
      assert.match(error.message, /ENCRYPTION_KEY/);
      assert.match(error.message, /ENCRYPTION_KEYS_RETIRED/);
    }
    assert.deepEqual(await canaries(), [`canary.${sealingKeyId(ONE)}`]);
  });

  it('goes on with a new key when the old one is retired, and then needs both', async (t) => {
    const { start, canaries } = await openStarts(t);
    const key = await start(ONE);
    assert.deepEqual(await start(OTHER, [ONE]), key);
    assert.equal((await canaries()).length, 2);
    await refused(start(ONE), 'SEAL_BROKEN');
    assert.deepEqual(await start(null, [ONE, OTHER]), key);
  });

  it('lets encryption be switched on later', async (t) => {
    const { start, canaries } = await openStarts(t);
    const key = await start(null);
    assert.deepEqual(await canaries(), []);
    assert.deepEqual(await start(ONE), key);
    assert.equal((await canaries()).length, 1);
  });

  it('refuses a canary that was altered', async (t) => {
    const { store, start } = await openStarts(t);
    const name = `canary.${sealingKeyId(ONE)}`;
    const elsewhere = { table: 'meta', row: 'another', field: 'value' };
    await store.keepMeta(name, createSealer(ONE, [], randomBytes).seal('keypool canary', elsewhere));
    await refused(start(ONE), 'SEAL_BROKEN');
  });
});
