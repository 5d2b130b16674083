import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from './config.ts';
import { StartError, systemCodeOf } from './start-error.ts';

export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

async function readPem(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new StartError(`${variable}: ${path} cannot be read (${systemCodeOf(error) || error}).`, {
      cause: error,
    });
  }
}

/** The PEM texts of the configured files, found to belong together; null without TLS. Error: StartError. */
export async function readTlsFiles(files: Config['tls']): Promise<TlsTexts | null> {
  if (files === null) return null;
  const cert = await readPem('TLS_CERT_FILE', files.certFile);
  const key = await readPem('TLS_KEY_FILE', files.keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new StartError(
      'TLS_CERT_FILE and TLS_KEY_FILE hold no certificate and key in PEM that belong together.',
      { cause: error },
    );
  }
  return { cert, key };
}
