import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { selfSigned } from '../client/self-signed.ts';
import { startProcesses } from '../support/several-processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('several processes', () => {
  it('share one port, and each of them serves', async (t) => {
    const server = await startProcesses(t, 3);
    assert.equal(new Set(server.pids).size, 3);
    assert.ok(!server.pids.includes(server.pid), 'the first process does not serve');
    await server.servedByAll(server.pids);
    const listening = server.output().match(/"msg":"listening"/g);
    assert.equal(listening?.length, 1);
  });

  it('are as many as there are cores with auto, and tell people of themselves once', async (t) => {
    const server = await startProcesses(t, 'auto');
    assert.equal(server.pids.length, availableParallelism());
    assert.equal(server.output().match(/kept in plain text/g)?.length, 1);
  });

  it('answer HTTP/2 over TLS too', async (t) => {
    await using folder = await temporaryFolder();
    const { cert, key } = selfSigned();
    const files = { TLS_CERT_FILE: folder.file('cert.pem'), TLS_KEY_FILE: folder.file('key.pem') };
    await writeFile(files.TLS_CERT_FILE, cert);
    await writeFile(files.TLS_KEY_FILE, key);
    const server = await startProcesses(t, 2, files);
    assert.match(server.url, /^https:/);
    const session = connect(server.url, { ca: cert });
    t.after(() => session.destroy());
    const [headers] = await once(session.request({ ':path': '/health' }), 'response');
    assert.equal(headers[':status'], 200);
  });
});
