import assert from 'node:assert/strict';
import { randomBytes, sign, verify } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { createSigningKeys, type SigningKeys } from '../../src/domain/signing-keys.ts';
import { createSealer } from '../../src/model/sealing.ts';
import type { Store } from '../../src/store/port.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { testClock } from '../support/test-clock.ts';
import { refused } from './refusals.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ROTATION_MS = 10 * DAY_MS;

async function openKeys(t: TestContext) {
  const clock = testClock();
  const store = await openSqliteStore(':memory:', { clock, newId: uuid, warn: () => {} });
  t.after(() => store.close());
  const sealingKey = randomBytes(32);
  /** A process of its own on the store. */
  const open = (parts: { readonly store?: Store; readonly key?: Uint8Array } = {}): SigningKeys =>
    createSigningKeys({
      store: parts.store ?? store,
      clock,
      sealer: createSealer(parts.key ?? sealingKey, [], randomBytes),
      randomBytes,
      rotationMs: ROTATION_MS,
    });
  return { clock, store, open };
}

const ids = async (keys: SigningKeys) => (await keys.published()).map(({ kid }) => kid);

describe('signing keys', () => {
  it('sign what their published halves verify', async (t) => {
    const { open } = await openKeys(t);
    const keys = open();
    const { id, key } = await keys.current();
    const text = Buffer.from('text');
    const found = await keys.find(id);
    assert.ok(found);
    assert.ok(verify(null, text, found, sign(null, text, key)));
    assert.deepEqual(await ids(keys), [id]);
    assert.equal(await keys.find('other'), null);
  });

  it('are made once, by whichever process is first', async (t) => {
    const { open } = await openKeys(t);
    const processes = Array.from({ length: 5 }, () => open());
    const signing = await Promise.all(processes.map((keys) => keys.current()));
    assert.equal(new Set(signing.map(({ id }) => id)).size, 1);
  });

  it('are not made where nobody asks for one', async (t) => {
    const { open, store } = await openKeys(t);
    await open().rotate();
    assert.deepEqual(await store.listSigningKeys(), []);
  });

  it('are known to every process at once', async (t) => {
    const { clock, open } = await openKeys(t);
    const [one, other] = [open(), open()];
    assert.equal(await other.find('unknown'), null);
    const { id } = await one.current();
    clock.advance(1000);
    assert.ok(await other.find(id));
  });

  it('take turns, and are published a day before and until their last signature is over', async (t) => {
    const { clock, open, store } = await openKeys(t);
    const keys = open();
    const { id: first } = await keys.current();
    clock.advance(ROTATION_MS - DAY_MS - 1);
    await keys.rotate();
    assert.deepEqual(await ids(keys), [first]);
    clock.advance(1);
    await Promise.all([keys.rotate(), open().rotate()]);
    const published = await ids(keys);
    assert.deepEqual([published.length, published[0], (await keys.current()).id], [2, first, first]);
    clock.advance(DAY_MS);
    const { id: second } = await keys.current();
    assert.deepEqual(published, [first, second]);
    clock.advance(DAY_MS + HOUR_MS);
    await keys.rotate();
    assert.ok(await keys.find(first));
    clock.advance(1);
    await keys.rotate();
    assert.equal(await keys.find(first), null);
    assert.deepEqual(
      (await store.listSigningKeys()).map(({ id }) => id),
      [second],
    );
  });

  it('go on after a time in which nobody rotated them', async (t) => {
    const { clock, open } = await openKeys(t);
    const keys = open();
    const { id } = await keys.current();
    clock.advance(5 * ROTATION_MS);
    const next = await keys.current();
    assert.notEqual(next.id, id);
    assert.equal((await open().current()).id, next.id);
    await keys.rotate();
    assert.deepEqual(await ids(keys), [next.id]);
    assert.equal((await keys.current()).id, next.id);
  });

  it('go on, without another one, when the clock is set back before they were made', async (t) => {
    const { clock, open, store } = await openKeys(t);
    const { id } = await open().current();
    clock.jump(-HOUR_MS);
    for (let i = 0; i < 3; i += 1) assert.equal((await open().current()).id, id);
    assert.deepEqual(await ids(open()), [id]);
    assert.equal((await store.listSigningKeys()).length, 1);
  });

  it('are sealed, each for its own row', async (t) => {
    const { open, store } = await openKeys(t);
    await open().current();
    const [stored] = await store.listSigningKeys();
    assert.match(stored?.privateKey ?? '', /^enc:gcm:/);
    const error = await refused(open({ key: randomBytes(32) }).current(), 'SEAL_BROKEN');
    assert.match(error.message, /ENCRYPTION_KEYS_RETIRED/);
  });

  it('cost one look at the store a second, however many unknown ones are asked for', async (t) => {
    const { clock, open, store } = await openKeys(t);
    let reads = 0;
    const listSigningKeys = () => {
      reads += 1;
      return store.listSigningKeys();
    };
    const keys = open({ store: { ...store, listSigningKeys } });
    await keys.current();
    clock.advance(1000);
    reads = 0;
    await Promise.all(Array.from({ length: 20 }, (_, i) => keys.find(`unknown-${i}`)));
    for (let i = 0; i < 20; i += 1) await keys.find(`unknown-${i}`);
    assert.equal(reads, 1);
  });

  it('tell when the store is out of reach, and answer again when it is back', async (t) => {
    const { open, store } = await openKeys(t);
    await open().current();
    await store.close();
    const keys = open();
    await refused(keys.current(), 'STORE_UNAVAILABLE');
    await refused(keys.published(), 'STORE_UNAVAILABLE');
  });
});
