import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { createKeypoolClient, type KeypoolProtocol, keypoolErrorOf } from '../../src/client/node.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { type Keypool, startKeypool } from './keypool.ts';
import { type SelfSigned, selfSigned } from './self-signed.ts';

const PROTOCOLS: readonly KeypoolProtocol[] = ['connect', 'grpc', 'grpc-web'];

describe('keypool/client over TLS', () => {
  let folder: TemporaryFolder;
  let keypool: Keypool;
  let certificate: SelfSigned;
  before(async () => {
    folder = await temporaryFolder();
    certificate = selfSigned();
    const files = { TLS_CERT_FILE: folder.file('cert.pem'), TLS_KEY_FILE: folder.file('key.pem') };
    await writeFile(files.TLS_CERT_FILE, certificate.cert);
    await writeFile(files.TLS_KEY_FILE, certificate.key, { mode: 0o600 });
    keypool = await startKeypool(files, { ca: certificate.cert });
  });
  after(async () => {
    await keypool?.stop();
    await folder?.remove();
  });

  for (const protocol of PROTOCOLS) {
    it(`draws where it trusts the authority: ${protocol}`, async () => {
      assert.match(keypool.url, /^https:/);
      const tls = { ca: [certificate.cert] };
      const client = createKeypoolClient({ baseUrl: keypool.url, token: keypool.token, protocol, tls });
      const pool = await keypool.addPool();
      assert.equal((await client.keyPool.drawKey({ feature: pool.feature })).value, pool.value);
      client.close();
    });
  }

  it('sends nothing where it does not', async () => {
    const { auth } = createKeypoolClient({ baseUrl: keypool.url, token: keypool.token });
    await assert.rejects(auth.whoAmI({}), (error) => {
      assert.equal(keypoolErrorOf(error), null);
      return /self-signed certificate/.test(String(error));
    });
  });
});
