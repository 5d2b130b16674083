import { parseArgs } from 'node:util';

export const SECTION_NAMES = [
  'throughput',
  'one-caller',
  'verify',
  'outcomes',
  'waiting',
  'tail',
  'large',
  'memory',
  'revocation',
  'recovery',
] as const;
const STORES = ['sqlite', 'mongodb'] as const;
const PROTOCOLS = ['json', 'grpc'] as const;

export type SectionName = (typeof SECTION_NAMES)[number];
export type StoreName = (typeof STORES)[number];
export type Protocol = (typeof PROTOCOLS)[number];

/** What `npm run bench` measures. */
export interface BenchPlan {
  readonly only: readonly SectionName[];
  readonly stores: readonly StoreName[];
  readonly protocols: readonly Protocol[];
  readonly callers: readonly number[];
  /** Keys in the pool of everything but `large`; `throughput` measures each of these. */
  readonly keys: readonly number[];
  /** Audit rows that are there before anything is measured. */
  readonly auditRows: number;
  readonly seconds: number;
  /** Each figure is the median of this many runs. */
  readonly runs: number;
  readonly largeKeys: number;
  readonly largeConsumers: number;
  readonly memoryMinutes: number;
  /** Times each kind of change is made in `revocation`. */
  readonly trials: number;
  /** Open takes that a killed process leaves in `recovery`. */
  readonly openTakes: number;
  /** The folder of an earlier checkout whose plain draws `outcomes` measures beside; null for none. */
  readonly before: string | null;
}

export const BENCH_USAGE = `npm run bench -- [flags]
  --only ${SECTION_NAMES.join(',')}
  --stores sqlite,mongodb   --protocols json,grpc   --callers 64,256     --keys 100
  --audit-rows 1000000      --seconds 60            --runs 3
  --large-keys 1000000      --large-consumers 10000 --memory-minutes 10
  --trials 30               --open-takes 5000
  --before ../keypool-before   an earlier checkout, with its node_modules
  --quick                   everything small: 2 s, one run`;

const FULL: BenchPlan = {
  only: SECTION_NAMES,
  stores: STORES,
  protocols: PROTOCOLS,
  callers: [64, 256],
  keys: [100],
  auditRows: 1_000_000,
  seconds: 60,
  runs: 3,
  largeKeys: 1_000_000,
  largeConsumers: 10_000,
  memoryMinutes: 10,
  trials: 30,
  openTakes: 5000,
  before: null,
};

const QUICK: BenchPlan = {
  ...FULL,
  auditRows: 10_000,
  seconds: 2,
  runs: 1,
  largeKeys: 20_000,
  largeConsumers: 200,
  memoryMinutes: 0.2,
  trials: 4,
  openTakes: 300,
};

function usageError(problem: string): Error {
  return new Error(`${problem}\n${BENCH_USAGE}`);
}

function someOf<T extends string>(text: string | undefined, allowed: readonly T[]): readonly T[] | undefined {
  return text?.split(',').map((name) => {
    const found = allowed.find((candidate) => candidate === name);
    if (found === undefined) throw usageError(`${name} is none of ${allowed.join(', ')}`);
    return found;
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw usageError(`${text} is not a positive number`);
  return value;
}

const text = { type: 'string' } as const;
const OPTIONS = {
  quick: { type: 'boolean' },
  only: text,
  stores: text,
  protocols: text,
  callers: text,
  keys: text,
  'audit-rows': text,
  seconds: text,
  runs: text,
  'large-keys': text,
  'large-consumers': text,
  'memory-minutes': text,
  trials: text,
  'open-takes': text,
  before: text,
} as const;

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads the flags; each overrides one part of the full plan, or of the quick one. Throws with the usage. */
export function benchPlan(args: readonly string[]): BenchPlan {
  const values = readFlags(args);
  const base = values.quick === true ? QUICK : FULL;
  const number = (given: string | undefined, otherwise: number): number =>
    given === undefined ? otherwise : positive(given);
  return {
    only: someOf(values.only, SECTION_NAMES) ?? base.only,
    stores: someOf(values.stores, STORES) ?? base.stores,
    protocols: someOf(values.protocols, PROTOCOLS) ?? base.protocols,
    callers: values.callers?.split(',').map(positive) ?? base.callers,
    keys: values.keys?.split(',').map(positive) ?? base.keys,
    auditRows: number(values['audit-rows'], base.auditRows),
    seconds: number(values.seconds, base.seconds),
    runs: number(values.runs, base.runs),
    largeKeys: number(values['large-keys'], base.largeKeys),
    largeConsumers: number(values['large-consumers'], base.largeConsumers),
    memoryMinutes: number(values['memory-minutes'], base.memoryMinutes),
    trials: number(values.trials, base.trials),
    openTakes: number(values['open-takes'], base.openTakes),
    before: values.before ?? base.before,
  };
}
