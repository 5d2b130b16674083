import type { NaivePlan } from '../baseline/naive-draws.ts';
import { fillNaivePool } from '../baseline/naive-pool.ts';
import { loadServer, type Measured, timesOf } from '../load/contender.ts';
import type { Ask, LoadResult } from '../load/plan.ts';
import type { BenchPlan, Protocol, StoreName } from '../plan.ts';
import { smallPool } from '../pool/shape.ts';
import { freshDatabase } from '../server/database.ts';
import { runScript } from '../server/script.ts';
import { servePool } from '../server/served-pool.ts';
import { startSubject } from '../server/subject.ts';

/** Something whose throughput is measured. */
export interface Contender {
  readonly subject: string;
  readonly protocol: Protocol | null;
  readonly keys: number | null;
  readonly measure: (callers: number) => Promise<Measured>;
}

const NOBODY: readonly Ask[] = [{ token: 'of-nobody', feature: 'feature-0' }];

/** A server of the bench's own that answers with what it was asked, or with constants. */
async function echo(
  plan: BenchPlan,
  about: Pick<Contender, 'subject'> & {
    readonly protocol: Protocol;
    readonly file: string;
    readonly asks: readonly Ask[];
  },
  until: AsyncDisposableStack,
): Promise<Contender> {
  const { subject, protocol, file, asks } = about;
  const server = await startSubject(import.meta.resolve(file), [protocol === 'grpc' ? 'http2' : 'http1']);
  until.defer(server.stop);
  const measure = (callers: number): Promise<Measured> =>
    loadServer(server, { protocol, asks, callers }, timesOf(plan.seconds));
  return { subject, protocol, keys: null, measure };
}

/** The least a server can do. */
export function bareEcho(
  plan: BenchPlan,
  until: AsyncDisposableStack,
  asks: readonly Ask[] = NOBODY,
): Promise<Contender> {
  const file = '../baseline/bare-echo.ts';
  return echo(plan, { subject: 'bare echo', protocol: 'json', file, asks }, until);
}

/** What the framework costs. */
export function connectEcho(
  plan: BenchPlan,
  protocol: Protocol,
  until: AsyncDisposableStack,
  asks: readonly Ask[] = NOBODY,
): Promise<Contender> {
  const file = '../baseline/connect-echo.ts';
  return echo(plan, { subject: 'Connect echo', protocol, file, asks }, until);
}

/** The service on a store, over each protocol. */
export async function keypools(
  plan: BenchPlan,
  store: StoreName,
  keys: number,
  until: AsyncDisposableStack,
): Promise<readonly Contender[]> {
  const { server, asks } = await servePool(store, smallPool(keys, plan.auditRows), until);
  return plan.protocols.map((protocol) => ({
    subject: store,
    protocol,
    keys,
    measure: (callers) => loadServer(server, { protocol, asks, callers }, timesOf(plan.seconds)),
  }));
}

/** The naive way on the same mongod: no server, one sorted `findOneAndUpdate` and one awaited insert for each draw. */
export async function naiveDraws(
  plan: BenchPlan,
  keys: number,
  until: AsyncDisposableStack,
): Promise<Contender> {
  const { url, drop } = await freshDatabase('mongodb');
  until.defer(drop);
  await fillNaivePool(url, keys, plan.auditRows);
  const script = import.meta.resolve('../baseline/naive-draws.ts');
  const measure = async (callers: number): Promise<Measured> => {
    const input = { url, callers, ...timesOf(plan.seconds) };
    return { ...(await runScript<NaivePlan, LoadResult>(script, input)), cpuPerCall: null };
  };
  return { subject: 'naive draws', protocol: null, keys, measure };
}
