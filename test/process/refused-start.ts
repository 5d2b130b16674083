import assert from 'node:assert/strict';
import { runServer, type ServerOptions } from '../support/child-process.ts';

/**
 * Starts the server, which has to refuse: it ends by itself with a code other than 0 and one message for people, and
 * never listened. Gives the message.
 */
export async function refusedStart(options: ServerOptions): Promise<string> {
  const { code, output } = await runServer(options);
  assert.equal(code, 1, output);
  const lines = output.split('\n').filter((line) => !line.startsWith('{'));
  const message = lines.join('\n').trim();
  assert.match(message, /^Keypool cannot start\. /);
  assert.doesNotMatch(message, /^\s+at /m, 'no stack');
  assert.doesNotMatch(output, /"msg":"listening"/);
  return message;
}
