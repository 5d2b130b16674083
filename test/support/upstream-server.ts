/*
 * A simulated upstream, in a process of its own: reads its plan as JSON from standard input, says where it listens as the
 * service does, and serves `POST /v1/use` by bearer token. whatever else is asked for is answered with its report, for the test.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './load-random.ts';
import { createUpstreamAccounts } from './upstream-account.ts';
import type { RefusalCause, UpstreamPlan } from './upstream-plan.ts';

const STATUS: Readonly<Record<RefusalCause, number>> = {
  rate: 429,
  quota: 429,
  in_flight: 429,
  banned: 401,
  unknown_key: 401,
};
const SERVED = 200;
const FAILED = 503;

const plan = (await json(process.stdin)) as UpstreamPlan;
const random = seededRandom(plan.seed);
const accounts = createUpstreamAccounts(plan, performance.timeOrigin);

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The way to the upstream, its count, then its work; a caller that has gone does not end the work. */
async function use(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const value = (request.headers.authorization ?? '').replace('Bearer ', '');
  await delay(random() * plan.jitterMs);
  const verdict = accounts.decide(value, performance.now());
  if (verdict.kind === 'refused') {
    const { cause, retryAfterMs } = verdict;
    if (retryAfterMs !== null) response.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
    answer(response, STATUS[cause], { error: cause });
    return;
  }
  const [least, most] = plan.answerMs;
  await delay(least + random() * (most - least));
  verdict.end();
  answer(response, random() < plan.errorShare ? FAILED : SERVED, {});
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/v1/use') return use(request, response);
  answer(response, SERVED, accounts.report());
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`);
});
