import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createDirectory } from '../../src/domain/directory.ts';
import type { SigningKey } from '../../src/model/signing-key.ts';
import type { Change, Store } from '../../src/store/port.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, faultyDatabase } from '../support/mongodb-faults.ts';
import { addTier, consumerOf, editFeatures, eventOf } from '../support/store-rows.ts';
import { testClock } from '../support/test-clock.ts';

const WAIT_MAX_MS = 10_000;
/** As old as the directory lets anything grow that nobody tells it of, in ms. */
const AGE_MAX_MS = 900;
const BEFORE = { state: 'active', features: 1, signs: 'old' };
/** MaxTimeMSExpired. */
const MAX_TIME_EXPIRED = 50;
/** The commands by which the process called `reader` follows changes. */
const FOLLOWING: Fault = {
  failCommands: ['aggregate', 'getMore'],
  collection: '$cmd.aggregate',
  appName: 'reader',
  closeConnection: true,
};

function revoke(store: Store, id: string) {
  return store.editConsumer(id, (row) => ({
    row: { ...row, state: 'revoked', version: row.version + 1, updatedAt: row.updatedAt + 1 },
    event: eventOf('RevokeConsumer', { resourceType: 'consumer', resourceId: id }),
  }));
}

function signingKey(id: string, follows: string): SigningKey {
  return { id, follows, signFrom: 1000, signUntil: 2000, publicKey: '', privateKey: '' };
}

function withdraw(store: Store, id: string) {
  return store.replaceSigningKeys(() => ({
    key: signingKey('new', id),
    isAlone: true,
    event: eventOf('RotateSigningKey'),
  }));
}

/**
 * Two processes on one database; the second one's directory ages only when the test says so, and knows a consumer, a tier
 * and a signing key.
 */
async function openTwo(t: TestContext) {
  const database = await faultyDatabase(WAIT_MAX_MS);
  t.after(database.close);
  const writer = await database.open('writer');
  const reader = await database.open('reader');
  const heard: Change[] = [];
  reader.onChange((change) => heard.push(change));
  await addTier(writer, { a: [] });
  const consumer = consumerOf({ grantedTierIds: ['tier'] });
  await writer.addSigningKey(signingKey('old', ''));
  await writer.createConsumer(consumer, eventOf('CreateConsumer'));
  const clock = testClock();
  let reads = 0;
  const counting: Store = {
    ...reader,
    findConsumerByTokenHash: (hash) => {
      reads += 1;
      return reader.findConsumerByTokenHash(hash);
    },
  };
  const directory = createDirectory(counting, clock);
  t.after(directory.close);
  // Events of what was made before may still be on their way, and would make the directory look again.
  await eventually(
    'the last change is heard',
    () => heard.some(({ kind }) => kind === 'consumer') || null,
    WAIT_MAX_MS,
  );
  const seen = async () => {
    const known = await directory.consumerByTokenHash(consumer.tokenHash);
    const tier = await directory.tier('tier');
    const [signs] = await directory.signingKeys();
    return { state: known?.state, features: tier?.features.length, signs: signs?.id };
  };
  assert.deepEqual(await seen(), BEFORE);
  const edit = async () => {
    await revoke(writer, consumer.id);
    await editFeatures(writer, 'tier', []);
    await withdraw(writer, 'old');
  };
  return { database, writer, reader, clock, directory, heard, seen, edit, reads: () => reads };
}

describe('what one process changes', () => {
  it('is dropped in another at once, by the change stream alone', async (t) => {
    const { seen, edit } = await openTwo(t);
    await edit();
    const gone = async () => {
      const { state, features, signs } = await seen();
      return (state === 'revoked' && features === 0 && signs === 'new') || null;
    };
    await eventually('the edits are seen', gone, WAIT_MAX_MS);
  });

  it('is all that is read again, as long as changes are followed', async (t) => {
    const { clock, seen, reads } = await openTwo(t);
    const without = async () => {
      const before = reads();
      clock.advance(AGE_MAX_MS);
      await seen();
      return reads() === before || null;
    };
    await eventually('the directory answers without a read', without, WAIT_MAX_MS);
  });

  it('is seen when its time is over where changes cannot be followed, and everything is forgotten once they can', async (t) => {
    const { database, reader, clock, heard, seen, edit } = await openTwo(t);
    await database.inject(FOLLOWING);
    await eventually('nothing is followed', () => reader.changeLagMs() === Infinity || null, WAIT_MAX_MS);
    heard.length = 0;
    await edit();
    assert.deepEqual(await seen(), BEFORE);
    clock.advance(AGE_MAX_MS);
    assert.deepEqual(await seen(), { state: 'revoked', features: 0, signs: 'new' });
    await database.heal();
    const allHeard = () => heard.some(({ kind }) => kind === 'all') || null;
    await eventually('everything may have changed', allHeard, WAIT_MAX_MS);
    await eventually('changes are followed', () => reader.changeLagMs() < AGE_MAX_MS || null, WAIT_MAX_MS);
  });

  it('is taken for anything where its end is not known', async (t) => {
    const { database, reader, heard } = await openTwo(t);
    heard.length = 0;
    await assert.rejects(revoke(reader, consumerOf().id), { kind: 'not-found' });
    assert.deepEqual(heard, []);
    const failing = { failCommands: ['insert'], collection: 'admin_events', appName: 'reader' };
    await database.inject({ ...failing, errorCode: MAX_TIME_EXPIRED }, 1);
    await assert.rejects(reader.createConsumer(consumerOf(), eventOf('CreateConsumer')), {
      kind: 'unavailable',
    });
    assert.deepEqual(heard, [{ kind: 'all' }]);
  });
});
