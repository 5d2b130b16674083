import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { importMapOf } from './import-map.ts';

const NODE_MODULES = join(import.meta.dirname, '..', '..', 'node_modules');
const PACKAGES = ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web'];

export type PageServer = AsyncDisposable & { readonly origin: string };

/**
 * Serves an origin whose page has the compiled web client as `globalThis.keypool`: `clientFolder` and the packages it
 * imports, file by file, held together by an import map.
 */
export async function startPageServer(clientFolder: string): Promise<PageServer> {
  const folders = { '/client/': clientFolder, '/node_modules/': NODE_MODULES };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://page').pathname;
    if (path === '/') return response.setHeader('Content-Type', 'text/html').end(page());
    const folder = Object.entries(folders).find(([prefix]) => path.startsWith(prefix));
    const file = folder && join(folder[1], path.slice(folder[0].length));
    const text = file?.endsWith('.js') ? await readFile(file).catch(() => null) : null;
    if (text === null) return response.writeHead(404).end();
    response.setHeader('Content-Type', 'text/javascript').end(text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server.close(), 'close');
    server.closeAllConnections();
    await closed;
  };
  return { origin: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

function page(): string {
  const imports = {
    ...importMapOf(PACKAGES, NODE_MODULES),
    'keypool/client/web': '/client/src/client/web.js',
  };
  return `<!doctype html>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import * as keypool from 'keypool/client/web';
  globalThis.keypool = keypool;
</script>`;
}
