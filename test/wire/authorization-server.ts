import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An introspection endpoint (RFC 7662) that says of a token whatever the test wants it to. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly url: string;
  /** The tokens it was asked about, in order. */
  readonly asked: readonly string[];
}

export async function startAuthorizationServer(
  claimsOf: (token: string) => unknown,
): Promise<AuthorizationServer> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const token = new URLSearchParams(await text(request)).get('token') ?? '';
    asked.push(token);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(claimsOf(token)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/introspect`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
