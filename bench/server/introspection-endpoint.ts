import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** An authorization server's introspection endpoint (RFC 7662) that vouches for whatever it is asked about. */
const HOUR_S = 3600;

const server = createServer(async (request, response) => {
  const token = new URLSearchParams(await text(request)).get('token') ?? '';
  const claims = {
    active: token !== '',
    sub: token,
    scope: 'api:access',
    exp: Math.floor(Date.now() / 1000) + HOUR_S,
    api_credits_per_minute: 1_000_000_000,
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(claims));
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`);
});
