import { type LookupAddress, lookup as resolve } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import type { WebhookRequest, WebhookSender } from '../domain/webhook-sender.ts';
import { addressProblem } from './address-rules.ts';

export interface WebhookClientOptions {
  readonly allowHttp: boolean;
  readonly allowPrivate: boolean;
  /** How long one attempt may take, in ms. */
  readonly timeoutMs: number;
  /** Gives all addresses of a name; absent: the system's. */
  readonly resolveAll?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

/** Why an attempt came to nothing, in words for people; nothing of the answer's body and of the URL is in it. */
class Undelivered extends Error {
  override readonly name = 'Undelivered';
}

const UNDER_WAY_MAX = 32;
const WAITING_MAX = 256;
/** Of an answer nothing is read but its status; so much of it is let pass, that the receiver is not cut off. */
const ANSWER_BYTES_MAX = 65_536;

function systemResolve(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((done, fail) => {
    resolve(hostname, { all: true }, (error, addresses) => (error === null ? done(addresses) : fail(error)));
  });
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Why nothing can be sent to a URL, as far as can be seen from it; null when it may be. */
function urlProblem(text: string, { allowHttp, allowPrivate }: WebhookClientOptions): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (url.protocol === 'http:' && !allowHttp) return 'must be an https URL; WEBHOOKS_ALLOW_HTTP allows http';
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return 'must have no user, password and fragment';
  const host = hostOf(url);
  const problem = isIP(host) === 0 ? null : addressProblem(host, allowPrivate);
  return problem === null ? null : `must not have ${problem}`;
}

/** Resolves a name once, and lets a connection be made to those of its addresses only that are allowed. */
function checkedLookup({ allowPrivate, resolveAll = systemResolve }: WebhookClientOptions): LookupFunction {
  return (hostname, options, callback) => {
    const answer = async () => {
      const found = await resolveAll(hostname);
      const allowed = found.filter(({ address }) => addressProblem(address, allowPrivate) === null);
      const [first] = allowed;
      if (first !== undefined) return { all: [...allowed], first };
      const [refused] = found;
      const problem = refused === undefined ? null : addressProblem(refused.address, allowPrivate);
      throw new Undelivered(problem === null ? 'a name without an address' : `a name of ${problem}`);
    };
    answer().then(
      ({ all, first }) => {
        if (options.all === true) callback(null, all);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error('no address'), []),
    );
  };
}

/** Lets a little of an answer pass that nobody reads. */
function drain(response: IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
}

/** Gives the status of the answer; redirects are not followed, and each request has a connection of its own. */
function post(request: WebhookRequest, lookup: LookupFunction, signal: AbortSignal): Promise<number> {
  return new Promise((done, fail) => {
    const url = new URL(request.url);
    const body = Buffer.from(request.body);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      ...request.headers,
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'keypool',
    };
    const sent = send(url, { method: 'POST', headers, lookup, signal, agent: false }, (response) => {
      drain(response);
      done(response.statusCode ?? 0);
    });
    // Whoever answers with another protocol has answered all the same.
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      done(response.statusCode ?? 0);
    });
    sent.on('error', fail);
    // However it ends, it ends.
    sent.on('close', () => fail(new Error('the connection was closed')));
    sent.end(body);
  });
}

function problemOfStatus(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400
    ? `HTTP status ${status}: redirects are not followed`
    : `HTTP status ${status}`;
}

/** What went wrong with a connection: the name of the fault at most. */
function problemOf(error: unknown, isLate: boolean, timeoutMs: number): string {
  if (isLate) return `no answer within ${timeoutMs} ms`;
  if (error instanceof Undelivered) return error.message;
  if (error instanceof BulkheadRejectedError) return 'too many webhooks at once';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z0-9_]{1,64}$/.test(code) ? `no connection (${code})` : 'no connection';
}

/** Sends alerts over HTTP, each in one attempt. */
export function createWebhookClient(options: WebhookClientOptions): WebhookSender {
  const { timeoutMs } = options;
  const lookup = checkedLookup(options);
  const room = bulkhead(UNDER_WAY_MAX, WAITING_MAX);
  return {
    problemWith: (url) => urlProblem(url, options),
    send: async (request, stop) => {
      // What was allowed when the webhook was made may not be any more.
      const problem = urlProblem(request.url, options);
      if (problem !== null) return `its URL ${problem}`;
      const late = AbortSignal.timeout(timeoutMs);
      try {
        const signal = AbortSignal.any([stop, late]);
        return problemOfStatus(await room.execute(() => post(request, lookup, signal)));
      } catch (error) {
        return problemOf(error, late.aborted, timeoutMs);
      }
    },
  };
}
