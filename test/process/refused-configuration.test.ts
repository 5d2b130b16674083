import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { refusedStart } from './refused-start.ts';

const IN_MEMORY = { DATABASE_URL: 'sqlite::memory:' };

describe('a start with a mistaken configuration', () => {
  it('names ten mistakes at once, and shows none of the values', async () => {
    const mistaken = {
      DATABASE_URL: 'mysql://hidden',
      ADMIN_TOKEN: 'hidden',
      ENCRYPTION_KEY: 'hidden',
      HOST: 'http://hidden',
      PORT: 'hidden',
      TLS_CERT_FILE: 'hidden',
      TRUSTED_PROXIES: 'hidden',
      CORS_ORIGINS: 'hidden',
      REQUEST_TIMEOUT: 'hidden',
      LOG_LEVEL: 'hidden',
    };
    const message = await refusedStart({ env: mistaken });
    assert.match(message, /10 mistakes in the configuration/);
    const { TLS_CERT_FILE: _given, ...named } = mistaken;
    for (const name of [...Object.keys(named), 'TLS_KEY_FILE'])
      assert.match(message, new RegExp(`^  ${name}: `, 'm'));
    assert.doesNotMatch(message, /hidden/);
  });

  it('names a flag that is not known', async () => {
    assert.match(
      await refusedStart({ env: IN_MEMORY, args: ['--dmeo'] }),
      /--dmeo.*--demo, --processes and --help/,
    );
  });

  it('names the TLS files that cannot be read, or do not belong together', async () => {
    await using folder = await temporaryFolder();
    const files = { TLS_CERT_FILE: folder.file('cert.pem'), TLS_KEY_FILE: folder.file('key.pem') };
    const missing = await refusedStart({ env: { ...IN_MEMORY, ...files } });
    assert.match(missing, /TLS_CERT_FILE: .*cert\.pem cannot be read \(ENOENT\)/);
    assert.match(missing, /TLS_KEY_FILE: .*key\.pem cannot be read \(ENOENT\)/);
    for (const path of Object.values(files)) await writeFile(path, 'not PEM');
    const unfit = await refusedStart({ env: { ...IN_MEMORY, ...files } });
    assert.match(unfit, /TLS_CERT_FILE and TLS_KEY_FILE hold no certificate and key/);
  });
});
