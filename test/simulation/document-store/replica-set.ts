import type { Random } from '../random.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { createMember, type Member } from './member.ts';
import { createTables } from './tables.ts';

/** Clocks begin here, in ms since 1970. */
export const EPOCH_MS = 1_700_000_000_000;

export interface ReplicaSet {
  /** The primary, or the last one while there is none. */
  readonly primary: () => Member;
  /** True while the primary is cut off from the others. */
  readonly isShaky: () => boolean;
  /** Calls back at every new primary. */
  readonly onPrimary: (listener: () => void) => void;
  /**
   * Lets no write of the primary reach a majority any more and, after `isolatedMs`, another member be elected within
   * `electionMs`, with some of the writes that were not on a majority. The one before goes on for `lingersMs`.
   */
  readonly failOver: (isolatedMs: number, electionMs: number, lingersMs: number) => void;
  /** Steps the clock of the primary, and of all that run on its machine. */
  readonly stepClock: (byMs: number) => void;
  /** When the time of the primary jumped, and by how much; in ms. */
  readonly clockJumps: () => readonly { readonly atMs: number; readonly byMs: number }[];
  /** By how much the clocks that commands have seen may differ from each other, in ms. */
  readonly clockSpreadMs: () => number;
}

export interface ReplicaSetOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  /** How far each machine's clock is off, in ms. */
  readonly clockOffsetsMs: readonly number[];
  readonly lagMs: () => number;
  readonly trace: (line: () => string) => void;
}

export function createReplicaSet(options: ReplicaSetOptions): ReplicaSet {
  const { time, random, trace } = options;
  const offsets = [...options.clockOffsetsMs];
  const listeners: (() => void)[] = [];
  const seen = { least: Infinity, most: -Infinity };
  let terms = 0;
  let machine = 0;

  let offsetNow = offsets[0] ?? 0;
  const jumps: { readonly atMs: number; readonly byMs: number }[] = [];

  const noteClock = () => {
    const offset = offsets[machine] ?? 0;
    if (offset !== offsetNow) jumps.push({ atMs: time.nowMs(), byMs: offset - offsetNow });
    offsetNow = offset;
    seen.least = Math.min(seen.least, offset);
    seen.most = Math.max(seen.most, offset);
  };

  const install = (on: number, tables: Member['tables']): Member => {
    machine = on;
    terms += 1;
    const installed = createMember({
      name: `m${on}.${terms}`,
      time,
      tables,
      clockMs: () => EPOCH_MS + time.nowMs() + (offsets[on] ?? 0),
      lagMs: options.lagMs,
    });
    noteClock();
    trace(() => `primary ${installed.name}, clock off by ${Math.round(offsets[on] ?? 0)} ms`);
    return installed;
  };

  let current = install(0, createTables());
  return {
    primary: () => current,
    isShaky: () => current.isIsolated(),
    onPrimary: (listener) => {
      listeners.push(listener);
    },
    failOver: (isolatedMs, electionMs, lingersMs) => {
      const before = current;
      if (before.isIsolated()) return;
      const { tables } = before;
      const kept = random.int(tables.committed(), tables.position());
      const next = tables.branch(kept);
      before.isolate();
      const depose = () => {
        const lost = tables.position() - next.position();
        trace(() => `${before.name} is deposed: ${lost} writes are lost`);
        before.depose();
        time.after(lingersMs, before.leave, null);
        const on = random.int(0, offsets.length - 1);
        const elect = () => {
          current = install(on, next);
          for (const listener of listeners) listener();
        };
        time.after(electionMs, elect, null);
      };
      time.after(isolatedMs, depose, null);
    },
    stepClock: (byMs) => {
      offsets[machine] = (offsets[machine] ?? 0) + byMs;
      noteClock();
      trace(() => `the primary's clock steps by ${Math.round(byMs)} ms`);
    },
    clockJumps: () => jumps,
    clockSpreadMs: () => seen.most - seen.least,
  };
}
