import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { DrawKeyRequestSchema } from '../gen/keypool/v1/key_pool_service_pb.ts';
import { type DatabaseLease, sharedMongod } from '../test/support/mongod.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import type { LoadPlan, LoadResult } from './load/plan.ts';
import { runLoad } from './load/run.ts';
import { type BenchPlan, benchPlan } from './plan.ts';
import { BENCH_FEATURE } from './pool/fill.ts';
import { preparePool } from './pool/prepare.ts';
import { startSubject } from './subject.ts';
import { median, type Row, table } from './table.ts';

const PATH = '/keypool.v1.KeyPoolService/DrawKey';
const ADMIN_TOKEN = 'bench-admin-token-bench-admin-token';
const WARM_UP_MS = 1000;

type Protocol = BenchPlan['protocols'][number];

function script(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function bodyFor(protocol: Protocol): string {
  if (protocol === 'json') return JSON.stringify({ feature: BENCH_FEATURE });
  const request = create(DrawKeyRequestSchema, { feature: BENCH_FEATURE });
  return Buffer.from(toBinary(DrawKeyRequestSchema, request)).toString('base64');
}

/** The run in the middle of so many, by calls per second. */
async function medianRun(
  plan: BenchPlan,
  load: Omit<LoadPlan, 'warmUpMs' | 'measureMs'>,
): Promise<LoadResult> {
  const results: LoadResult[] = [];
  for (let run = 0; run < plan.runs; run += 1)
    results.push(await runLoad({ ...load, warmUpMs: WARM_UP_MS, measureMs: plan.seconds * 1000 }));
  const middle = median(results.map((result) => result.perSecond));
  const result = results.find((candidate) => candidate.perSecond === middle);
  if (result === undefined) throw new Error('no run was measured');
  return result;
}

/** Calls per second of the echoes, by what they echo and with how many callers. */
type Echoes = ReadonlyMap<string, number>;

function rowOf(
  about: Pick<Row, 'subject' | 'keys' | 'callers'> & { readonly protocol: Protocol },
  result: LoadResult,
  echoes: Echoes,
): Row {
  const { perSecond, p50, p99, failed } = result;
  const over = (name: string): number | null => {
    const echo = echoes.get(`${name} ${about.callers}`);
    return echo === undefined ? null : perSecond / echo;
  };
  return {
    ...about,
    perSecond,
    p50,
    p99,
    failed,
    toBare: over('bare'),
    toConnect: over(`connect ${about.protocol}`),
  };
}

async function measureEchoes(plan: BenchPlan, show: (row: Row) => void): Promise<Echoes> {
  const echoes = new Map<string, number>();
  const subjects = [
    { name: 'bare', protocol: 'json', file: 'echo/bare.ts', args: [] },
    ...plan.protocols.map((protocol) => ({
      name: `connect ${protocol}`,
      protocol,
      file: 'echo/connect.ts',
      args: [protocol === 'grpc' ? 'http2' : 'http1'],
    })),
  ] as const;
  for (const { name, protocol, file, args } of subjects) {
    const subject = await startSubject(script(file), args);
    for (const callers of plan.callers) {
      const load = { protocol, port: subject.port, path: PATH, token: '', body: bodyFor(protocol), callers };
      const result = await medianRun(plan, load);
      echoes.set(`${name} ${callers}`, result.perSecond);
      show(rowOf({ subject: `${name.split(' ')[0]} echo`, protocol, keys: '', callers }, result, echoes));
    }
    await subject.stop();
  }
  return echoes;
}

async function measureStore(
  plan: BenchPlan,
  at: { readonly store: string; readonly keys: number; readonly databaseUrl: string },
  report: { readonly echoes: Echoes; readonly show: (row: Row) => void },
): Promise<void> {
  const env = {
    DATABASE_URL: at.databaseUrl,
    ADMIN_TOKEN,
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    LOG_REQUESTS: 'false',
    PORT: '0',
  };
  const beganAt = performance.now();
  const token = await preparePool(env, { keys: at.keys, auditRows: plan.auditRows });
  console.error(`${at.store}: ${at.keys} keys filled in ${Math.round(performance.now() - beganAt)} ms`);
  const subject = await startSubject(script('../src/main.ts'), [], env);
  for (const protocol of plan.protocols)
    for (const callers of plan.callers) {
      const load = { protocol, port: subject.port, path: PATH, token, body: bodyFor(protocol), callers };
      const result = await medianRun(plan, load);
      report.show(
        rowOf({ subject: at.store, protocol, keys: String(at.keys), callers }, result, report.echoes),
      );
    }
  await subject.stop();
}

async function measureStores(plan: BenchPlan, echoes: Echoes, show: (row: Row) => void): Promise<void> {
  for (const store of plan.stores)
    for (const keys of plan.keys) {
      await using folder = await temporaryFolder();
      const lease: DatabaseLease | null = store === 'mongodb' ? await sharedMongod() : null;
      const databaseUrl = lease?.uri ?? `sqlite:${folder.file('keypool.db')}`;
      await measureStore(plan, { store, keys, databaseUrl }, { echoes, show });
      await lease?.drop();
    }
}

const plan = benchPlan(process.argv.slice(2));
const rows: Row[] = [];
const show = (row: Row): void => {
  rows.push(row);
  const ratios = `÷ bare ${row.toBare?.toFixed(2)}, ÷ Connect ${row.toConnect?.toFixed(2)}`;
  console.error(
    `${row.subject} ${row.protocol} ${row.keys} ×${row.callers}: ${row.perSecond.toFixed(0)}/s, ${ratios}`,
  );
};
console.error(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
await measureStores(plan, await measureEchoes(plan, show), show);
console.log(table(rows));
process.exit(0);
