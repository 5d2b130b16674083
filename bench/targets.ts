import type { Protocol, StoreName } from './plan.ts';
import type { Target } from './report/target.ts';

interface Measured {
  readonly store: StoreName;
  readonly protocol: Protocol;
  readonly callers: number;
}

function atLeast(floor: number, goal: number | null = null): Target {
  return { is: 'at least', floor, goal };
}

function atMost(floor: number): Target {
  return { is: 'at most', floor, goal: null };
}

/** Draws per second ÷ answers per second of the bare echo. */
export function toBareTarget({ store, protocol, callers }: Measured): Target | null {
  if (callers !== 64 && callers !== 256) return null;
  if (store === 'sqlite') return protocol === 'json' ? atLeast(0.25, 0.5) : atLeast(0.18, 0.4);
  if (protocol === 'grpc') return null;
  return callers === 64 ? atLeast(0.08, 0.3) : atLeast(0.15, 0.5);
}

/** Draws per second ÷ those of the naive way on the same mongod. */
export function toNaiveTarget({ store, protocol, callers }: Measured): Target | null {
  if (store !== 'mongodb' || protocol !== 'json') return null;
  if (callers === 64) return atLeast(8, 20);
  return callers === 256 ? atLeast(15, 40) : null;
}

/** p50 of one caller ÷ p50 of what the store has to write for one draw. */
export const ONE_CALLER_TARGET = atMost(1.5);
/** Verifications per second at 64 callers on SQLite ÷ answers per second of the bare echo. */
export const VERIFY_TARGET = atLeast(0.25);
/** Verifications per second by introspected tokens in cache ÷ those by issued ones. */
export const INTROSPECTED_TARGET = atLeast(0.9);
/** Draws with their reports per second ÷ draws alone. */
export const PAIRS_TARGET = atLeast(0.6);
/** Draws per second ÷ those of the checkout before. */
export const BEFORE_TARGET = atLeast(0.9);
/** CPU of the server while 1,000 callers wait for 10 keys of 10 draws a second, in % of a core. */
export const WAITING_CPU_TARGET = atMost(5);
/** p99 ÷ p50 at 64 callers, with checkpoints inside. */
export const TAIL_TARGET = atMost(5);
/** Draws per second of the large pool ÷ those of the small one. */
export const LARGE_THROUGHPUT_TARGET = atLeast(0.8);
/** Resident memory of the server process, in MiB, at its highest. */
export const LARGE_MEMORY_TARGET = atMost(300);
/** From the start of the process until `/readyz` says so, in ms. */
export const READY_TARGET = atMost(2000);
/** Resident memory at the end ÷ after the first minute. */
export const FLAT_MEMORY_TARGET = atMost(1.1);
/** How long after an admin's change another process still serves by what was before, in ms. */
export const REVOCATION_TARGET = atMost(2000);
