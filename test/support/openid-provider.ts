import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

/** How it answers: as it should, not at all, or with something that is no answer. */
export type ProviderMood = 'well' | 'silent' | 'garbled' | 'failing';

export interface NewToken {
  readonly subject: string;
  readonly scope?: string;
  readonly audience?: string;
  /** Beside the standard ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly ttlSeconds?: number;
}

/** A real OpenID provider that issues and introspects opaque tokens. */
export interface OpenIdProvider extends AsyncDisposable {
  readonly introspectionUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Requests for introspection so far. */
  readonly asked: () => number;
  readonly issue: (token: NewToken) => Promise<string>;
  /** A token of the client itself, by the token endpoint: it stands for no subject. */
  readonly issueToClient: () => Promise<string>;
  /** By the revocation endpoint (RFC 7009). */
  readonly revoke: (token: string) => Promise<void>;
  readonly setMood: (mood: ProviderMood) => void;
  /** Closes the port, with all connections. */
  readonly goDown: () => Promise<void>;
  /** Listens on the same port again. */
  readonly comeBack: () => Promise<void>;
}

const CLIENT_ID = 'keypool & friends';

/** `claimsOf`: what a token says beside the standard claims, by the grant it was issued under. */
async function createProvider(
  issuer: string,
  clientSecret: string,
  claimsOf: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): Promise<Provider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: clientSecret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['read', 'write'],
    extraTokenClaims: (_context, token) =>
      'grantId' in token ? { ...claimsOf.get(String(token.grantId)) } : undefined,
    ttl: { ClientCredentials: 600, AccessToken: 600, Grant: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function shut(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** Starts a provider on a free port of this machine. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  let mood: ProviderMood = 'well';
  let asked = 0;
  let answer: RequestListener = (_request, response) => response.end();
  const listener: RequestListener = (request, response) => {
    if (request.url === '/token/introspection') asked += 1;
    if (mood === 'silent') return;
    if (mood === 'well') return void answer(request, response);
    response.statusCode = mood === 'failing' ? 500 : 200;
    response.setHeader('Content-Type', 'application/json');
    response.end('{"active": tr');
  };
  let server = createServer(listener);
  const port = await listen(server, 0);
  const url = `http://127.0.0.1:${port}`;
  const clientSecret = randomBytes(16).toString('base64');
  const claimsOf = new Map<string, Readonly<Record<string, unknown>>>();
  const provider = await createProvider(url, clientSecret, claimsOf);
  answer = provider.callback();

  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
  const basic = Buffer.from(`${encode(CLIENT_ID)}:${encode(clientSecret)}`).toString('base64');
  const post = (path: string, fields: Record<string, string>) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(fields),
    });

  return {
    introspectionUrl: `${url}/token/introspection`,
    clientId: CLIENT_ID,
    clientSecret,
    asked: () => asked,
    issue: async ({ subject, scope = 'read', audience, claims = {}, ttlSeconds = 600 }) => {
      const client = await provider.Client.find(CLIENT_ID);
      if (client === undefined) throw new Error('the provider has lost its client');
      const grantId = await new provider.Grant({ clientId: CLIENT_ID, accountId: subject }).save();
      claimsOf.set(grantId, claims);
      const token = new provider.AccessToken({
        client,
        accountId: subject,
        grantId,
        gty: 'authorization_code',
        scope,
        aud: audience,
        expiresIn: ttlSeconds,
      });
      return token.save();
    },
    issueToClient: async () => {
      const response = await post('/token', { grant_type: 'client_credentials', scope: 'read' });
      const { access_token: token } = await response.json();
      return String(token);
    },
    revoke: async (token) => {
      const { status } = await post('/token/revocation', { token });
      if (status !== 200) throw new Error(`the provider revoked nothing: ${status}`);
    },
    setMood: (next) => {
      mood = next;
    },
    goDown: () => shut(server),
    comeBack: async () => {
      server = createServer(listener);
      await listen(server, port);
    },
    [Symbol.asyncDispose]: () => shut(server),
  };
}
