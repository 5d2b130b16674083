import { createKeypoolClient } from '../../src/client/node.ts';
import type { VerifyAsk } from '../load/plan.ts';
import { ADMIN_TOKEN } from '../server/keypool.ts';

/** How a client shows who it is: by the token it was issued, by a JWT it got for that, by another issuer's token. */
export type TokenKind = 'opaque' | 'jwt' | 'introspected';

/** Counted on every verification, never reached. */
const CREDITS_PER_MINUTE = 1_000_000_000;

/** Makes a backend and so many clients of it on a server; gives what the backend asks about them, by kind of token. */
export async function addClients(
  port: number,
  count: number,
): Promise<Readonly<Record<TokenKind, readonly VerifyAsk[]>>> {
  const baseUrl = `http://127.0.0.1:${port}`;
  const as = (token: string) => createKeypoolClient({ baseUrl, token });
  const { admin, close } = as(ADMIN_TOKEN);
  const { token } = await admin.createConsumer({ consumer: { name: 'backend', scopes: ['tokens.verify'] } });
  const asks = { opaque: [] as VerifyAsk[], jwt: [] as VerifyAsk[], introspected: [] as VerifyAsk[] };
  for (let i = 0; i < count; i += 1) {
    const consumer = { name: 'client', scopes: ['api:access'], creditsPerMinute: CREDITS_PER_MINUTE };
    const { token: clientToken } = await admin.createConsumer({ consumer });
    const client = as(clientToken);
    const { accessToken } = await client.auth.exchangeToken({});
    client.close();
    asks.opaque.push({ token, clientToken });
    asks.jwt.push({ token, clientToken: accessToken });
    asks.introspected.push({ token, clientToken: `of-another-issuer-${i}` });
  }
  close();
  return asks;
}
