import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { sharedMongod, startMongod, startStandaloneMongod } from './mongod.ts';

const POLL_MS = 20;

describe('a mongod for tests', () => {
  it('keeps majority writes over SIGKILL and a restart', async () => {
    const mongod = await startMongod();
    const client = new MongoClient(mongod.databaseUri('kept'));
    try {
      const rows = client.db().collection('rows', { writeConcern: { w: 'majority', journal: true } });
      await rows.insertOne({ name: 'first' });
      for (const node of mongod.nodes) await node.restart();
      await mongod.primary();
      assert.equal(await rows.countDocuments(), 1);
    } finally {
      await client.close();
      await mongod.stop();
    }
  });

  it('elects another primary when the first of three is killed', async () => {
    const mongod = await startMongod({ nodes: 3, electionTimeoutMillis: 500 });
    try {
      const first = await mongod.primary();
      await first.kill();
      const second = await mongod.primary();
      assert.notEqual(second.port, first.port);
    } finally {
      await mongod.stop();
    }
  });

  it('is in no replica set when started standalone', async () => {
    const mongod = await startStandaloneMongod();
    const client = new MongoClient(mongod.uri);
    try {
      const hello = await client.db('admin').command({ hello: 1 });
      assert.equal(hello.setName, undefined);
    } finally {
      await client.close();
      await mongod.stop();
    }
  });

  it('is shared in one process, a database for each caller', async () => {
    const [one, other] = await Promise.all([sharedMongod(), sharedMongod()]);
    assert.equal(new URL(one.uri).host, new URL(other.uri).host);
    assert.notEqual(one.databaseName, other.databaseName);
    await Promise.all([one.drop(), other.drop()]);
  });

  it('goes when the process that started it is killed', async () => {
    const script = `
      const { startMongod } = await import(${JSON.stringify(join(import.meta.dirname, 'mongod.ts'))});
      const mongod = await startMongod();
      console.log(mongod.nodes[0].port);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const port = Number(line);
    assert.ok(await listens(port));
    child.kill('SIGKILL');
    while (await listens(port)) await delay(POLL_MS);
  });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
