import assert from 'node:assert/strict';
import { randomBytes, sign, verify } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { createDirectory } from '../../src/domain/directory.ts';
import { createSigningKeys, type SigningKeys } from '../../src/domain/signing-keys.ts';
import { createSealer } from '../../src/model/sealing.ts';
import type { Store } from '../../src/store/port.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { eventOf } from '../support/store-rows.ts';
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
  const open = (parts: { readonly store?: Partial<Store>; readonly key?: Uint8Array } = {}): SigningKeys => {
    const opened = { ...store, ...parts.store };
    const directory = createDirectory(opened, clock);
    t.after(directory.close);
    return createSigningKeys({
      store: opened,
      directory,
      clock,
      sealer: createSealer(parts.key ?? sealingKey, [], randomBytes),
      randomBytes,
      rotationMs: ROTATION_MS,
    });
  };
  return { clock, store, open };
}

/** As where changes by others cannot be followed. */
const UNHEARD: Partial<Store> = { onChange: () => () => {}, changeLagMs: () => Infinity };

const event = () => eventOf('RotateSigningKey', { resourceType: 'signing_key' });
const replace = (keys: SigningKeys, withdrawOthers: boolean) => keys.replace(withdrawOthers, event);

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
    const keys = open({ store: { listSigningKeys } });
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

describe('signing keys that are replaced out of turn', () => {
  it('sign no more, and are published until what they signed is over', async (t) => {
    const { clock, open, store } = await openKeys(t);
    const keys = open();
    const { id: first } = await keys.current();
    clock.advance(ROTATION_MS - DAY_MS);
    await keys.rotate();
    const [, next] = await ids(keys);
    const { id, createdAt, withdrawn } = await replace(keys, false);
    assert.deepEqual([createdAt, withdrawn], [store.now(), []]);
    assert.equal((await keys.current()).id, id);
    assert.deepEqual(await ids(keys), [first, next, id]);
    clock.advance(DAY_MS + HOUR_MS);
    await keys.rotate();
    assert.deepEqual(await ids(keys), [first, next, id]);
    clock.advance(1);
    await keys.rotate();
    assert.deepEqual(await ids(keys), [id]);
  });

  it('are gone at once when they are withdrawn, that which was to be next too', async (t) => {
    const { clock, open } = await openKeys(t);
    const [keys, other] = [open(), open()];
    const { id: first } = await keys.current();
    clock.advance(ROTATION_MS - DAY_MS);
    await keys.rotate();
    const before = await ids(other);
    const { id, withdrawn } = await replace(keys, true);
    assert.deepEqual([before.length, withdrawn], [2, before]);
    for (const process of [keys, other]) {
      assert.deepEqual([await ids(process), (await process.current()).id], [[id], id]);
      assert.deepEqual([await process.find(first), process.has(first), process.has(id)], [null, false, true]);
    }
  });

  it('are known to be gone within a second where nobody tells of it, and the new one at once', async (t) => {
    const { clock, open } = await openKeys(t);
    const [keys, other] = [open(), open({ store: UNHEARD })];
    const { id: first } = await other.current();
    clock.advance(500);
    const { id } = await replace(keys, true);
    assert.equal(other.has(first), true);
    assert.ok(await other.find(id));
    assert.equal(other.has(first), false);
    await replace(keys, true);
    clock.advance(900);
    assert.equal(other.has(id), undefined);
    assert.equal(await other.find(id), null);
  });

  it('do not come back by a process that still knows them', async (t) => {
    const { clock, open, store } = await openKeys(t);
    const keys = open();
    await keys.current();
    clock.advance(ROTATION_MS);
    const known = await store.listSigningKeys();
    let isOld = true;
    // It read the list before, and comes to add a key only now.
    const listSigningKeys = async () => (isOld ? known : store.listSigningKeys());
    const addSigningKey: Store['addSigningKey'] = (key) => {
      isOld = false;
      return store.addSigningKey(key);
    };
    const late = open({ store: { ...UNHEARD, listSigningKeys, addSigningKey } });
    const { id } = await replace(keys, true);
    assert.equal((await late.current()).id, id);
    assert.deepEqual(
      (await store.listSigningKeys()).map((key) => key.id),
      [id],
    );
  });

  it('leave one key, followed by those of others, whoever rotates at the same time', async (t) => {
    const { clock, open, store } = await openKeys(t);
    const [first, ...others] = Array.from({ length: 5 }, () => open({ store: UNHEARD }));
    assert.ok(first);
    await first.current();
    clock.advance(ROTATION_MS - DAY_MS);
    const all = [first, ...others];
    const done = await Promise.all(all.map((keys, i) => (i < 3 ? replace(keys, true) : keys.rotate())));
    const withdrawn = new Set(done.flatMap((replaced) => replaced?.withdrawn ?? []));
    const left = (await store.listSigningKeys()).map(({ id }) => id);
    assert.ok(left.length >= 1 && left.every((id) => !withdrawn.has(id)));
    clock.advance(1000);
    for (const keys of all) assert.deepEqual(await ids(keys), left);
  });

  it('are made where nobody ever asked for one', async (t) => {
    const { open } = await openKeys(t);
    const keys = open();
    const { id, withdrawn } = await replace(keys, true);
    assert.deepEqual([withdrawn, await ids(keys)], [[], [id]]);
  });
});
