import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type ListeningServer, startServer } from '../support/child-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const execute = promisify(execFile);

/** Runs the draw command that a demo printed, as it stands, and gives the value that was drawn. */
async function drawAsPrinted(server: ListeningServer): Promise<string> {
  const command = await server.line(/^ {2}curl .*DrawKey/);
  const { stdout } = await execute('sh', ['-c', command]);
  const { value }: { value: string } = JSON.parse(stdout);
  return value;
}

describe('the demo', () => {
  it('prints a draw command that works and rotates over three keys, and again on the next start', async () => {
    await using folder = await temporaryFolder();
    const options = { env: { DATABASE_URL: `sqlite:${folder.file('keypool.db')}` }, args: ['--demo'] };
    for (let starts = 0; starts < 2; starts += 1) {
      await using server = await startServer(options);
      const drawn = [await drawAsPrinted(server), await drawAsPrinted(server), await drawAsPrinted(server)];
      assert.deepEqual(
        drawn.toSorted(),
        [1, 2, 3].map((n) => `demo-upstream-value-${n}`),
      );
      await server.kill();
    }
  });
});
