import { createContext, Script } from 'node:vm';
import {
  type CelInput,
  CelScalar,
  type CelValue,
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  isCelUint,
  mapType,
  parse,
  plan,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { JsonValue } from '../model/json.ts';
import type { Claims } from './claims.ts';

/** An expression of the Common Expression Language over the variable `claims`. */
export interface CelExpression {
  /** Its value, as JSON. Throws {@link CelFailure}; nothing else comes of it, and it has some 50 ms of processor time. */
  readonly evaluate: (claims: Claims) => JsonValue;
}

/** An expression that has no value: what it asks for is not there, or it takes too long. */
export class CelFailure extends Error {
  override readonly name = 'CelFailure';
}

/**
 * How long an evaluation may take: what its loops run over comes from others. The watchdog's clock goes on while the
 * machine does something else, so that one which had less of the processor's time gets another try.
 */
const TRIES_MS = [50, 250, 1000];
const PROCESSOR_MAX_MS = 40;
const LENGTH_MAX = 8192;
const MESSAGE_LENGTH_MAX = 200;
const DEPTH_MAX = 32;

const ENV = celEnv({ variables: { claims: mapType(CelScalar.STRING, CelScalar.DYN) }, funcs: strings });

/*
 * The engine's own watchdog ends what runs too long, whatever it does: counting steps would miss comparisons of long
 * lists. Nothing of the claims or of the expression runs as a script.
 */
const watched: { work: () => unknown } = { work: () => null };
const watchedContext = createContext(watched);
const runWatched = new Script('work()');

/** Processor time of this thread so far, in ms. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Runs what is watched for so long; false when it was ended for that. */
function ranWithin(timeoutMs: number): boolean {
  try {
    runWatched.runInContext(watchedContext, { timeout: timeoutMs });
    return true;
  } catch (error) {
    const isLate = typeof error === 'object' && error !== null && 'code' in error;
    if (isLate && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}

function inTime<T>(work: () => T): T {
  let result: { readonly value: T } | null = null;
  watched.work = () => {
    result = { value: work() };
  };
  try {
    for (const timeoutMs of TRIES_MS) {
      const before = processorMs();
      if (ranWithin(timeoutMs)) break;
      if (processorMs() - before >= PROCESSOR_MAX_MS) break;
    }
  } finally {
    watched.work = () => null;
  }
  return finished<T>(result);
}

function finished<T>(result: { readonly value: T } | null): T {
  if (result === null) throw new CelFailure('takes too long');
  return result.value;
}

function toInput(value: JsonValue): CelInput {
  if (Array.isArray(value)) return value.map(toInput);
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, part]) => [name, toInput(part)]));
  return value;
}

function nameOf(key: unknown): string {
  if (typeof key !== 'string') throw new CelFailure('has a map whose keys are not texts');
  return key;
}

function toJson(value: CelValue, depth = 0): JsonValue {
  if (depth > DEPTH_MAX) throw new CelFailure('is nested too deeply');
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'bigint') return Number(value);
  if (isCelUint(value)) return Number(value.value);
  if (isCelList(value)) return [...value].map((part) => toJson(part, depth + 1));
  if (isCelMap(value))
    return Object.fromEntries([...value].map(([key, part]) => [nameOf(key), toJson(part, depth + 1)]));
  throw new CelFailure('has a value that JSON cannot hold');
}

/** The part of an error about types that repeats no value. */
const NO_OVERLOAD = /^found no matching overload for '[^']*' applied to '\([\w., ()]*\)'/;
const NO_FIELD = /^field not found: (.*)$/s;

/** Without what an error repeats of values: they are of the token's holder. The name of a claim only as the rule has it. */
function problemOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const name = NO_FIELD.exec(message)?.[1];
  if (name !== undefined) return text.includes(name) ? `field not found: ${name}` : 'field not found';
  return NO_OVERLOAD.exec(message)?.[0] ?? 'has no value';
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'unknown';
  return message.slice(0, MESSAGE_LENGTH_MAX);
}

/**
 * Compiles an expression. Throws {@link CelFailure} when it cannot be read, or uses a function or a variable that there is
 * not, as far as that shows without claims.
 */
export function compileCel(text: string): CelExpression {
  if (text.length > LENGTH_MAX) throw new CelFailure(`is longer than ${LENGTH_MAX} characters`);
  const run = compile(text);
  const compute = (claims: Claims): JsonValue => {
    const value = run({
      claims: new Map(Object.entries(claims).map(([name, part]) => [name, toInput(part)])),
    });
    // Errors are values here, and truthy.
    if (isCelError(value)) throw new CelFailure(problemOf(value, text));
    return toJson(value);
  };
  const evaluate = (claims: Claims): JsonValue => {
    try {
      return inTime(() => compute(claims));
    } catch (error) {
      if (error instanceof CelFailure) throw error;
      // Such as claims that are nested deeper than the stack.
      throw new CelFailure('cannot be evaluated over such claims', { cause: error });
    }
  };
  return { evaluate };
}

function compile(text: string) {
  try {
    const run = plan(ENV, parse(text));
    const trial = inTime(() => run({ claims: new Map() }));
    if (isCelError(trial) && /^unbound function|^unresolved attribute/.test(trial.message)) throw trial;
    return run;
  } catch (error) {
    throw new CelFailure(messageOf(error));
  }
}
