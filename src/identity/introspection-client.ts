import type { JsonValue } from '../model/json.ts';
import type { Claims } from './claims.ts';

/** Where tokens are introspected (RFC 7662), and how this service shows who it is there. */
export interface IntrospectionEndpoint {
  /** http or https, without credentials. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long an answer may take, in ms. */
  readonly timeoutMs: number;
}

/** The server did not answer in time, or not as RFC 7662 says. Holds no token and no credential. */
export class IntrospectionFailure extends Error {
  override readonly name = 'IntrospectionFailure';
}

/**
 * The server answered, with what cannot be used: only the token suffers for it, since what is in the answer may be its
 * holder's doing.
 */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

/** Larger than any answer there is a use for; also bounds what rules run over. */
const ANSWER_BYTES_MAX = 65_536;

/** Of what varies in a request, which is the token (RFC 9110, section 15.5): the server works. */
const TOKEN_AT_FAULT: readonly number[] = [400, 413, 414, 422, 431];
/** Where the request is refused for this service's credentials, also with status 400 (RFC 6749, section 5.2). */
const CLIENT_AT_FAULT = /"(?:invalid|unauthorized)_client"/;

/** Basic credentials as OAuth has them: both parts form-encoded first (RFC 6749, section 2.3.1). */
function basic(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new UnusableAnswer(`more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What an answer with another status than 200 means: whoever sends tokens must not make the server look broken. */
async function failureOf(response: Response): Promise<Error> {
  const problem = `HTTP status ${response.status}`;
  if (!TOKEN_AT_FAULT.includes(response.status)) {
    await response.body?.cancel();
    return new IntrospectionFailure(problem);
  }
  const isOurs = CLIENT_AT_FAULT.test(await readBounded(response));
  return isOurs ? new IntrospectionFailure(problem) : new UnusableAnswer(problem);
}

function parseClaims(text: string): Claims {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw new IntrospectionFailure('an answer that is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new IntrospectionFailure('an answer that is no JSON object');
  if (typeof value.active !== 'boolean') throw new IntrospectionFailure('an answer without "active"');
  return value;
}

/**
 * Asks the server about a token, once. Gives its claims; null when it is not active. Errors: {@link UnusableAnswer}, {@link IntrospectionFailure}
 * for everything else, a refusal of this service's own credentials among it.
 */
export function createIntrospectionClient(
  endpoint: IntrospectionEndpoint,
): (token: string) => Promise<Claims | null> {
  const headers = {
    authorization: basic(endpoint.clientId, endpoint.clientSecret),
    accept: 'application/json',
  };
  return async (token) => {
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
        // A redirect would take token and credentials elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(endpoint.timeoutMs),
      });
      if (response.status !== 200) throw await failureOf(response);
      const claims = parseClaims(await readBounded(response));
      return claims.active === true ? claims : null;
    } catch (error) {
      if (error instanceof IntrospectionFailure || error instanceof UnusableAnswer) throw error;
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      const what = isLate ? `no answer within ${endpoint.timeoutMs} ms` : 'no connection';
      throw new IntrospectionFailure(what, { cause: error });
    }
  };
}
