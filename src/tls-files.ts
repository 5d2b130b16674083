import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from './config.ts';
import { StartError, systemCodeOf } from './start-error.ts';

export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

/** Both files at once, so that what is wrong with either is told in one go. */
async function readPems({ certFile, keyFile }: NonNullable<Config['tls']>): Promise<TlsTexts> {
  const [cert, key] = await Promise.allSettled([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  if (cert.status === 'fulfilled' && key.status === 'fulfilled') return { cert: cert.value, key: key.value };
  const mistakes = [
    { result: cert, text: `TLS_CERT_FILE: ${certFile}` },
    { result: key, text: `TLS_KEY_FILE: ${keyFile}` },
  ].flatMap(({ result, text }) =>
    result.status === 'rejected'
      ? [`${text} cannot be read (${systemCodeOf(result.reason) || result.reason}).`]
      : [],
  );
  throw new StartError(mistakes.join('\n'));
}

/** The PEM texts of the configured files, found to belong together; null without TLS. Error: StartError. */
export async function readTlsFiles(files: Config['tls']): Promise<TlsTexts | null> {
  if (files === null) return null;
  const { cert, key } = await readPems(files);
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
