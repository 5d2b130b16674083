/** What `npm run bench` measures; every flag narrows or shortens it. */
export interface BenchPlan {
  readonly stores: readonly ('sqlite' | 'mongodb')[];
  readonly protocols: readonly ('json' | 'grpc')[];
  readonly callers: readonly number[];
  readonly keys: readonly number[];
  /** Usage events that are there before anything is measured. */
  readonly auditRows: number;
  readonly seconds: number;
  /** Each figure is the median of this many runs. */
  readonly runs: number;
}

export const BENCH_USAGE = `npm run bench -- [flags]
  --stores sqlite,mongodb   --protocols json,grpc   --callers 1,16,64,256
  --keys 100,10000,1000000  --audit-rows 1000000    --seconds 10   --runs 3
  --quick                   100 keys, 10,000 audit rows, 2 s, one run`;

const FULL: BenchPlan = {
  stores: ['sqlite', 'mongodb'],
  protocols: ['json', 'grpc'],
  callers: [1, 16, 64, 256],
  keys: [100, 10_000, 1_000_000],
  auditRows: 1_000_000,
  seconds: 10,
  runs: 3,
};

const QUICK: BenchPlan = { ...FULL, keys: [100], auditRows: 10_000, seconds: 2, runs: 1 };

function oneOf<T extends string>(text: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === text);
  if (found === undefined) throw new Error(`${text} is none of ${allowed.join(', ')}\n${BENCH_USAGE}`);
  return found;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${text} is not a positive number\n${BENCH_USAGE}`);
  return value;
}

/** Reads `--flag value` pairs. Throws with the usage for anything else. */
export function benchPlan(args: readonly string[]): BenchPlan {
  const quick = args.includes('--quick');
  let plan = quick ? QUICK : FULL;
  const rest = args.filter((arg) => arg !== '--quick');
  for (let i = 0; i < rest.length; i += 2) {
    const flag = rest[i] ?? '';
    const values = (rest[i + 1] ?? '').split(',');
    const first = positive(flag === '--stores' || flag === '--protocols' ? '1' : (values[0] ?? ''));
    switch (flag) {
      case '--stores':
        plan = { ...plan, stores: values.map((value) => oneOf(value, ['sqlite', 'mongodb'])) };
        break;
      case '--protocols':
        plan = { ...plan, protocols: values.map((value) => oneOf(value, ['json', 'grpc'])) };
        break;
      case '--callers':
        plan = { ...plan, callers: values.map(positive) };
        break;
      case '--keys':
        plan = { ...plan, keys: values.map(positive) };
        break;
      case '--audit-rows':
        plan = { ...plan, auditRows: first };
        break;
      case '--seconds':
        plan = { ...plan, seconds: first };
        break;
      case '--runs':
        plan = { ...plan, runs: first };
        break;
      default:
        throw new Error(`unknown flag ${flag}\n${BENCH_USAGE}`);
    }
  }
  return plan;
}
