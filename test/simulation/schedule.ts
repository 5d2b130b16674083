import type { Tier } from '../../src/model/tier.ts';
import {
  CLOCK_OFF_MAX_MS,
  clockSteps,
  incidentsOf,
  NO_TROUBLES,
  type PlannedIncident,
  type Troubles,
  troublesOf,
} from './planned-incidents.ts';
import { groupGuards, guardsIn, keysOf, type PlannedKey, tierOf } from './planned-pool.ts';
import { type PlannedGroup, type PlannedReports, sharingOf } from './planned-sharing.ts';
import { type Wish, wishesOf } from './planned-wishes.ts';
import { createRandom, type Random } from './random.ts';

/** Everything that a run does, decided by its seed. */
export interface Schedule {
  readonly seed: number;
  readonly processes: number;
  readonly openTakeMs: number;
  readonly tiers: readonly Tier[];
  readonly keys: readonly PlannedKey[];
  readonly groups: readonly PlannedGroup[];
  readonly reports: PlannedReports;
  readonly wishes: readonly Wish[];
  readonly incidents: readonly PlannedIncident[];
  readonly troubles: Troubles;
  /** The moment from which on nothing goes wrong any more, in ms. */
  readonly healsAtMs: number;
  /** How far the clock of each machine of the database is off, in ms. */
  readonly clockOffsetsMs: readonly number[];
  readonly random: Random;
}

const MACHINES = 3;

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = createRandom(`schedule ${seed}`);
  const processes = random.pick([1, 2, 2, 3, 4]);
  // Takes of keys with room for many draws go another way than those that meet a limit.
  const kind = random.chance(0.3) ? random.pick(['ample', 'ample', 'coarse'] as const) : 'tight';
  const count = kind === 'tight' && random.chance(0.35) ? 2 : 1;
  const plainTiers = Array.from({ length: count }, (_, i) => tierOf(random, `tier${i}`, kind));
  const keys = plainTiers.flatMap((one) => keysOf(random, one, kind));
  const { tiers, groups, reports } = sharingOf(random.fork('sharing'), plainTiers, keys);
  const healsAtMs = random.int(1500, 5000);
  const isCalm = random.chance(0.1);
  const troubles = isCalm ? NO_TROUBLES : troublesOf(random);
  const wishes = wishesOf(random, tiers, kind, healsAtMs);
  const incidents = isCalm ? [] : incidentsOf(random, processes, keys, wishes, healsAtMs);
  const leastGuardMs = Math.min(...guardsIn(tiers, keys), ...groups.flatMap(groupGuards), 1000);
  // Half a guard is what the clocks of the database may be apart; beyond it anything goes but what is promised.
  const isSkewed = random.chance(0.4);
  const offMostMs = isSkewed ? CLOCK_OFF_MAX_MS : leastGuardMs / 4;
  return {
    seed,
    processes,
    openTakeMs: random.pick([10_000, 3000, 3000]),
    tiers,
    keys,
    groups,
    reports,
    wishes,
    incidents: isSkewed ? [...incidents, ...clockSteps(random, healsAtMs)] : incidents,
    troubles,
    healsAtMs,
    clockOffsetsMs: Array.from({ length: MACHINES }, () => random.between(-offMostMs, offMostMs)),
    random: random.fork('run'),
  };
}
