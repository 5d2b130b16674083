import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configTable } from '../../src/config-variables.ts';
import { CODE_OF_REASON } from '../../src/domain/errors.ts';
import { sharedMongod } from '../support/mongod.ts';
import { readmeBlocks, readmeText } from '../support/readme-blocks.ts';
import { checkoutWithOwnData, freePort, runShell } from '../support/shell.ts';

const [START = '', TEST = ''] = readmeBlocks('sh');

describe('the README', () => {
  it('starts a server and walks from a tier to a draw, with its own shell blocks', async () => {
    await using folder = await checkoutWithOwnData();
    const port = String(await freePort());
    await using server = runShell(START, { cwd: folder.path, env: { PORT: port } });
    await server.shows(/"msg":"listening"/);

    // As they stand, but for the port: a developer's own server may be on 8080.
    const walk = readmeBlocks('sh walk').join('\n').replaceAll(':8080', `:${port}`);
    await using shell = runShell(walk, { cwd: folder.path, env: {} });
    assert.equal(await shell.exit, 0, shell.output());
    const draws = shell.output().match(/"value": ?"upstream-key-1"/g) ?? [];
    assert.equal(draws.length, 2, `one draw by curl, one by buf curl:\n${shell.output()}`);
    assert.match(shell.output(), /"usageEvents": ?\[\{/);
    assert.match(shell.output(), /"code": ?"VERIFY_CODE_VALID"/);
  });

  it('starts a server on MongoDB with its own shell block', async () => {
    await using folder = await checkoutWithOwnData();
    const lease = await sharedMongod();
    const port = String(await freePort());
    const block = readmeBlocks('sh mongodb').join('\n');
    const script = block.replace(/mongodb:\/\/[^']*/, lease.uri);
    assert.notEqual(script, block);
    {
      await using server = runShell(script, { cwd: folder.path, env: { PORT: port } });
      await server.shows(/"msg":"listening"/);
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      assert.equal(health.status, 200);
    }
    await lease.drop();
  });

  it('names the test command that CI runs', () => {
    assert.equal(TEST.trim(), 'npm ci && npm test');
  });

  it('lists every variable of the configuration as the server reads it', () => {
    assert.ok(readmeText().includes(configTable()), `paste this table:\n${configTable()}`);
  });

  it('lists every reason a caller can be refused for', () => {
    const startOnly = ['SEAL_BROKEN'];
    const missing = Object.keys(CODE_OF_REASON).filter(
      (reason) => !startOnly.includes(reason) && !readmeText().includes(`\`${reason}\``),
    );
    assert.deepEqual(missing, []);
  });
});
