import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { runServer, spawnServer, startServer } from '../support/child-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { refusedStart } from './refused-start.ts';

const WHO_AM_I = 'keypool.v1.AuthService/WhoAmI';

function call(url: string, rpc: string, token: string, body = '{}') {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  return fetch(`${url}/${rpc}`, { method: 'POST', headers, body });
}

describe('a start', () => {
  it('makes an admin token for this user alone, says where it is, and keeps it', async () => {
    await using folder = await temporaryFolder();
    const env = { DATABASE_URL: `sqlite:${folder.file('data/keypool.db')}` };
    const path = folder.file('data/admin-token');
    await using first = await startServer({ env });
    assert.equal(JSON.parse(await first.line(/"listening"/)).admin_token_file, path);
    const token = (await readFile(path, 'utf8')).trim();
    assert.match(token, /^[0-9A-Za-z]{32,}$/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.ok(!first.output().includes(token));
    assert.deepEqual(await (await call(first.url, WHO_AM_I, token)).json(), {
      kind: 'CALLER_KIND_ROOT',
      scopes: ['admin'],
    });
    await first.kill();
    await using second = await startServer({ env });
    assert.equal((await call(second.url, WHO_AM_I, token)).status, 200);
  });

  it('takes the configured admin token instead, and leaves no file', async () => {
    await using folder = await temporaryFolder();
    const token = randomBytes(20).toString('hex');
    const env = { DATABASE_URL: `sqlite:${folder.file('keypool.db')}`, ADMIN_TOKEN: token };
    await using server = await startServer({ env });
    assert.equal((await call(server.url, WHO_AM_I, token)).status, 200);
    await assert.rejects(stat(folder.file('admin-token')), { code: 'ENOENT' });
  });

  it('tells people where it listens, where everything is, and what to try next', async () => {
    await using folder = await temporaryFolder();
    const env = { LOG_FORMAT: 'pretty' };
    await using server = await spawnServer({ env, cwd: folder.path });
    await server.line(/npm start -- --demo/);
    const output = server.output();
    assert.match(output, /listens on http:\/\/127\.0\.0\.1:\d+/);
    assert.match(output, /data\s+sqlite:data\/keypool\.db/);
    assert.match(output, /admin token\s+data\/admin-token/);
    assert.match(output, /export ADMIN_TOKEN=\$\(cat data\/admin-token\)/);
    assert.match(output, /curl -sS .*AdminService\/GetStatus/);
    assert.match(output, /buf curl .*AdminService\/ListTiers/);
  });

  it('is refused on a port that is taken', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const env = { DATABASE_URL: 'sqlite::memory:', PORT: String(address.port) };
    assert.match(await refusedStart({ env }), new RegExp(`Port ${address.port} on 127\\.0\\.0\\.1 is taken`));
  });

  it('is refused on an address that is not of this machine', async () => {
    const env = { DATABASE_URL: 'sqlite::memory:', HOST: '192.0.2.1' };
    assert.match(await refusedStart({ env }), /HOST: 192\.0\.2\.1 is no address of this machine/);
  });

  it('with --help prints every variable and serves nothing', async () => {
    const { code, output } = await runServer({ env: {}, args: ['--help'] });
    assert.equal(code, 0);
    for (const text of ['--demo', 'DATABASE_URL', 'ENCRYPTION_KEY', 'LOG_REQUESTS'])
      assert.ok(output.includes(text));
  });
});
