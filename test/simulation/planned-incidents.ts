import type { PlannedKey } from './planned-pool.ts';
import type { Wish } from './planned-wishes.ts';
import type { Random } from './random.ts';

/** What happens to the world around the draws; `process` is an index among those that run. */
export type Incident =
  | { readonly kind: 'crash'; readonly process: number; readonly downMs: number }
  | { readonly kind: 'stall'; readonly process: number; readonly forMs: number }
  | {
      readonly kind: 'failover';
      readonly isolatedMs: number;
      readonly electionMs: number;
      readonly lingersMs: number;
    }
  | { readonly kind: 'clock-step'; readonly byMs: number }
  | { readonly kind: 'lag'; readonly lagMs: number; readonly forMs: number }
  | { readonly kind: 'disable'; readonly key: string; readonly forMs: number }
  | { readonly kind: 'reset'; readonly key: string };

/** An incident and its moment in ms. */
export interface PlannedIncident {
  readonly atMs: number;
  readonly incident: Incident;
}

/** How often each thing happens to a command, 0 to 1. */
export interface Troubles {
  readonly slow: number;
  readonly verySlow: number;
  readonly losesRequest: number;
  readonly losesReply: number;
  readonly breaks: number;
  readonly heldUp: number;
}

/** Nothing happens to any command. */
export const NO_TROUBLES: Troubles = {
  slow: 0,
  verySlow: 0,
  losesRequest: 0,
  losesReply: 0,
  breaks: 0,
  heldUp: 0,
};

/** How far a clock of the database is off at the most, in ms. */
export const CLOCK_OFF_MAX_MS = 5000;

/** What happens to commands before all is well. */
export function troublesOf(random: Random): Troubles {
  const upTo = (most: number) => (random.chance(0.3) ? 0 : random.between(0, most));
  return {
    slow: upTo(0.08),
    verySlow: upTo(0.02),
    losesRequest: upTo(0.04),
    losesReply: upTo(0.05),
    breaks: upTo(0.05),
    heldUp: upTo(0.06),
  };
}

/** What happens to processes, members and keys before `untilMs`. */
export function incidentsOf(
  random: Random,
  processes: number,
  keys: readonly PlannedKey[],
  wishes: readonly Wish[],
  untilMs: number,
): PlannedIncident[] {
  const moments = wishes.map(({ atMs }) => atMs);
  // Most of them in the middle of a draw.
  const at = () =>
    random.chance(0.7) ? random.pick([20, ...moments]) + random.between(0, 25) : random.between(20, untilMs);
  const anyProcess = () => random.int(0, processes - 1);
  const [firstKey = '', ...otherKeys] = keys.map(({ id }) => id);
  const makers: readonly [most: number, make: () => Incident][] = [
    [2, () => ({ kind: 'crash', process: anyProcess(), downMs: random.between(10, 3000) })],
    [
      2,
      () => ({
        kind: 'stall',
        process: anyProcess(),
        forMs: random.between(20, random.pick([200, 4000, 15_000])),
      }),
    ],
    [
      3,
      () => ({
        kind: 'failover',
        isolatedMs: random.chance(0.5) ? 0 : random.between(1, random.pick([30, 400])),
        electionMs: random.between(10, random.pick([100, 2000])),
        lingersMs: random.chance(0.5) ? 0 : random.between(10, 4000),
      }),
    ],
    [2, () => ({ kind: 'lag', lagMs: random.between(20, 1500), forMs: random.between(50, 1000) })],
    [
      1,
      () => ({
        kind: 'disable',
        key: random.pick([firstKey, ...otherKeys]),
        forMs: random.between(100, 2000),
      }),
    ],
    [1, () => ({ kind: 'reset', key: random.pick([firstKey, ...otherKeys]) })],
  ];
  return makers.flatMap(([most, make]) =>
    random.chance(0.5)
      ? []
      : Array.from({ length: random.int(1, most) }, () => ({ atMs: at(), incident: make() })),
  );
}

/** Whether, and when, somebody sets the clock of the primary. */
export function clockSteps(random: Random, untilMs: number): PlannedIncident[] {
  if (random.chance(0.5)) return [];
  const byMs = random.between(-CLOCK_OFF_MAX_MS, CLOCK_OFF_MAX_MS);
  return [{ atMs: random.between(0, untilMs), incident: { kind: 'clock-step', byMs } }];
}
