import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { processCountOf } from '../../src/process/process-count.ts';
import { selfSigned } from '../client/self-signed.ts';
import { useProcesses } from '../support/several-processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('several processes', () => {
  it('share one port, and each of them serves', async (t) => {
    const server = await useProcesses(t, 3);
    assert.equal(new Set(server.pids).size, 3);
    assert.ok(!server.pids.includes(server.pid), 'the first process does not serve');
    await server.servedByAll(server.pids);
    for (const told of [/"msg":"listening"/g, /kept in plain text/g])
      assert.equal(server.output().match(told)?.length, 1, 'what concerns all is told once');
  });

  it('are as many as there are cores with auto, and answer HTTP/2 over TLS', async (t) => {
    await using folder = await temporaryFolder();
    const { cert, key } = selfSigned();
    const files = { TLS_CERT_FILE: folder.file('cert.pem'), TLS_KEY_FILE: folder.file('key.pem') };
    await writeFile(files.TLS_CERT_FILE, cert);
    await writeFile(files.TLS_KEY_FILE, key);
    const server = await useProcesses(t, 'auto', files);
    assert.equal(server.pids.length, processCountOf('auto', availableParallelism()));
    assert.match(server.url, /^https:/);
    const session = connect(server.url, { ca: cert });
    try {
      const [headers] = await once(session.request({ ':path': '/health' }), 'response');
      assert.equal(headers[':status'], 200);
    } finally {
      session.destroy();
    }
  });
});
