import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

/** A request as it came in. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver of webhooks on this machine that answers as the test wants. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** What is answered from now on; a status, or whatever the test does. */
  readonly answerWith: (answer: number | ((response: ServerResponse) => void)) => void;
  /** Resolves when so many requests have come in. */
  readonly got: (count: number, withinMs?: number) => Promise<readonly Received[]>;
  /** Is down: nothing listens there any more. */
  readonly goDown: () => Promise<void>;
  /** Listens again, at the same address. */
  readonly comeBack: () => Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  let answer = (response: ServerResponse): void => void response.writeHead(204).end();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push({ path: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    answerWith: (next) => {
      answer = typeof next === 'number' ? (response) => void response.writeHead(next).end() : next;
    },
    got: (count, withinMs) =>
      eventually(`${count} webhooks`, () => (received.length >= count ? received : null), withinMs),
    goDown: close,
    comeBack: () => listen(port),
    [Symbol.asyncDispose]: close,
  };
}
