import { randomBytes } from 'node:crypto';
import { loadServer, timesOf } from '../load/contender.ts';
import type { VerifyAsk } from '../load/plan.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { addClients, type TokenKind } from '../pool/clients.ts';
import { fillPool } from '../pool/fill.ts';
import { smallPool } from '../pool/shape.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import type { Section } from '../section.ts';
import { freshDatabase } from '../server/database.ts';
import { startKeypool } from '../server/keypool.ts';
import { startSubject } from '../server/subject.ts';
import { INTROSPECTED_TARGET, VERIFY_TARGET } from '../targets.ts';
import { bareEcho, type Contender, connectEcho } from './contenders.ts';
import { type Line, measureAll, middle, ratio } from './side-by-side.ts';

const CALLERS = 64;
const CLIENTS = 100;
const KINDS: readonly TokenKind[] = ['opaque', 'jwt', 'introspected'];
const NOBODY: readonly VerifyAsk[] = [{ token: 'of-nobody', clientToken: 'of-nobody-either' }];
const HEAD = [
  ...['subject', 'token', 'calls/s', 'p50 µs', 'p99 µs', 'CPU µs/call', 'failed'],
  ...['÷ bare', ...TARGET_HEAD, '÷ Connect', '÷ opaque', ...TARGET_HEAD],
];

/** A store under verifications by one kind of token. */
interface Verifying extends Contender {
  readonly store: StoreName | null;
  readonly kind: TokenKind | null;
}

async function introspection(until: AsyncDisposableStack): Promise<Record<string, string>> {
  const issuer = await startSubject(import.meta.resolve('../server/introspection-endpoint.ts'), []);
  until.defer(issuer.stop);
  return {
    AUTH_TOKEN_INTROSPECTION_URL: `http://127.0.0.1:${issuer.port}/introspect`,
    AUTH_CLIENT_ID: 'bench',
    AUTH_CLIENT_SECRET: randomBytes(16).toString('hex'),
    AUTH_TOKEN_CACHE_SALT: randomBytes(16).toString('hex'),
  };
}

/** The service on a store, asked about clients with each kind of token. */
async function verifying(
  plan: BenchPlan,
  store: StoreName,
  until: AsyncDisposableStack,
): Promise<readonly Verifying[]> {
  const database = await freshDatabase(store);
  until.defer(database.drop);
  await fillPool(database, smallPool(1, plan.auditRows));
  const server = await startKeypool(database.url, await introspection(until));
  until.defer(server.stop);
  const asks = await addClients(server.port, CLIENTS);
  return KINDS.map((kind) => ({
    subject: `${store} ${kind}`,
    store,
    kind,
    protocol: 'json',
    keys: null,
    measure: (callers) =>
      loadServer(server, { protocol: 'json', asks: asks[kind], callers }, timesOf(plan.seconds)),
  }));
}

function cells(line: Line<Verifying>, lines: readonly Line<Verifying>[]): string[] {
  const { subject, store, kind } = line.contender;
  const to = (is: (other: Verifying) => boolean): number | null =>
    store === null
      ? null
      : ratio(
          line,
          lines.find(({ contender }) => is(contender)),
        );
  const toBare = to((other) => other.subject === 'bare echo');
  const toConnect = to((other) => other.subject === 'Connect echo');
  const toOpaque = kind === 'opaque' ? null : to((other) => other.store === store && other.kind === 'opaque');
  return [
    ...[store ?? subject, kind ?? '', figure(middle(line, (run) => run.perSecond))],
    ...[figure(middle(line, (run) => run.p50)), figure(middle(line, (run) => run.p99))],
    figure(middle(line, (run) => run.cpuPerCall)),
    figure(line.runs.reduce((sum, run) => sum + run.failed, 0)),
    ...[figure(toBare, 3), ...targetCells(toBare, store === 'sqlite' ? VERIFY_TARGET : null)],
    ...[figure(toConnect, 2), figure(toOpaque, 2)],
    ...targetCells(toOpaque, kind === 'introspected' ? INTROSPECTED_TARGET : null),
  ];
}

/** Verifications with a charge per second, by each kind of token, beside two echoes of the same requests. */
export const verify: Section = async (plan): Promise<readonly Table[]> => {
  await using until = new AsyncDisposableStack();
  const echoes = [await bareEcho(plan, until, NOBODY), await connectEcho(plan, 'json', until, NOBODY)];
  const contenders: Verifying[] = echoes.map((echo) => ({ ...echo, store: null, kind: null }));
  for (const store of plan.stores) contenders.push(...(await verifying(plan, store, until)));
  const lines = await measureAll({ ...plan, callers: [CALLERS] }, contenders);
  return [{ title: 'Verify', head: HEAD, rows: lines.map((line) => cells(line, lines)) }];
};
