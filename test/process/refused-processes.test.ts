import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { sharedMongod, startStandaloneMongod } from '../support/mongod.ts';
import { refusedStart } from './refused-start.ts';

const ON_SQLITE = { DATABASE_URL: 'sqlite::memory:' };

function onMongodb(uri: string): Record<string, string> {
  return { DATABASE_URL: uri, ADMIN_TOKEN: randomBytes(20).toString('hex') };
}

const times = (message: string, pattern: RegExp): number => [...message.matchAll(pattern)].length;

describe('a start by several processes is refused', () => {
  it('on SQLite, whose file belongs to one process', async () => {
    for (const args of [['--processes', '2'], ['--processes=auto']]) {
      const message = await refusedStart({ env: ON_SQLITE, args });
      assert.match(message, /PROCESSES: must be 1 with SQLite.*one process.*MongoDB/);
    }
    const message = await refusedStart({ env: { ...ON_SQLITE, PROCESSES: '2' } });
    assert.match(message, /PROCESSES: must be 1 with SQLite/);
  });

  it('with a number that is none, or too large', async () => {
    const env = onMongodb('mongodb://127.0.0.1:1/keypool');
    for (const number of ['65', ''])
      assert.match(
        await refusedStart({ env, args: [`--processes=${number}`] }),
        /PROCESSES: .*--processes.*between 1 and 64, or auto/,
      );
    assert.match(await refusedStart({ env, args: ['--processes'] }), /--processes.*argument missing/);
  });

  it('on a port that is taken, told once', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const lease = await sharedMongod();
    t.after(lease.drop);
    const env = { ...onMongodb(lease.uri), PORT: String(address.port) };
    const message = await refusedStart({ env, args: ['--processes', '3'] });
    assert.equal(times(message, /is taken/g), 1);
  });

  it('on a store that cannot be used, told once', async (t) => {
    const mongod = await startStandaloneMongod();
    t.after(() => mongod.stop());
    const env = onMongodb(mongod.databaseUri('keypool'));
    const message = await refusedStart({ env, args: ['--processes', '3'] });
    assert.equal(times(message, /cannot start/g), 1);
    assert.match(message, /replica set/i);
  });
});
