import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type ListeningServer, startServer } from '../support/child-process.ts';
import { sharedMongod } from '../support/mongod.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const execute = promisify(execFile);

/** Runs the draw command that a demo printed, as it stands, and gives the value that was drawn. */
async function drawAsPrinted(server: ListeningServer): Promise<string> {
  const command = await server.line(/^ {2}curl .*DrawKey/);
  const { stdout } = await execute('sh', ['-c', command]);
  const { value }: { value: string } = JSON.parse(stdout);
  return value;
}

async function demoTwice(env: Readonly<Record<string, string>>): Promise<void> {
  for (let starts = 0; starts < 2; starts += 1) {
    await using server = await startServer({ env, args: ['--demo'] });
    const drawn = [await drawAsPrinted(server), await drawAsPrinted(server), await drawAsPrinted(server)];
    const values = [1, 2, 3].map((n) => `demo-upstream-value-${n}`);
    assert.deepEqual(drawn.toSorted(), values);
    assert.equal((await server.kill())?.code, 0);
  }
}

describe('the demo', () => {
  it('prints a draw command that works and rotates over three keys, and again on the next start', async () => {
    await using folder = await temporaryFolder();
    await demoTwice({ DATABASE_URL: `sqlite:${folder.file('keypool.db')}` });
  });

  it('does the same on MongoDB', async (t) => {
    const lease = await sharedMongod();
    t.after(lease.drop);
    await demoTwice({ DATABASE_URL: lease.uri, ADMIN_TOKEN: randomBytes(20).toString('hex') });
  });
});
