import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MongoClient, MongoTopologyClosedError } from 'mongodb';
import { sharedMongod } from '../../../test/support/mongod.ts';
import { createPatientClient } from './patient-client.ts';

/** Where nothing listens. */
const NOWHERE = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100&directConnection=true';

/** A patient client that connects to each of these in turn, and to a real mongod after them. */
async function scene(t: TestContext, first: readonly string[] = []) {
  const lease = await sharedMongod();
  const opened: MongoClient[] = [];
  const open = (): MongoClient => {
    const client = new MongoClient(first[opened.length] ?? lease.uri);
    opened.push(client);
    return client;
  };
  const patient = createPatientClient(open, 'patience');
  t.after(async () => {
    await patient.close();
    await lease.drop();
  });
  const ping = () => patient.run((db) => db.command({ ping: 1 }));
  return { patient, opened, ping };
}

describe('the client that waits as long as it takes', () => {
  it('is opened by the first use, and kept for those that follow and those beside it', async (t) => {
    const { opened, ping } = await scene(t);
    assert.equal(opened.length, 0);
    await Promise.all([ping(), ping()]);
    await ping();
    assert.equal(opened.length, 1);
  });

  it('is another one after it could not connect', async (t) => {
    const { opened, ping } = await scene(t, [NOWHERE]);
    await assert.rejects(ping());
    await ping();
    await ping();
    assert.equal(opened.length, 2);
  });

  it('is another one after work over it failed, while others finish over the first', async (t) => {
    const { patient, opened, ping } = await scene(t);
    const failed = Promise.withResolvers<void>();
    const slow = patient.run(async (db) => {
      await failed.promise;
      return db.command({ ping: 1 });
    });
    await assert.rejects(patient.run((db) => db.command({ noSuchCommand: 1 })));
    await ping();
    failed.resolve();
    assert.equal((await slow).ok, 1);
    assert.equal(opened.length, 2);
  });

  it('is none any more once it is closed', async (t) => {
    const { patient, opened, ping } = await scene(t);
    await ping();
    await patient.close();
    await assert.rejects(ping(), MongoTopologyClosedError);
    await patient.close();
    assert.equal(opened.length, 1);
  });
});
