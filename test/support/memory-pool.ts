import type { KeyState } from '../../src/model/key.ts';
import { remainingRank } from '../../src/model/remaining-rank.ts';
import {
  type AffinityHome,
  type Candidate,
  type DrawGroup,
  type DrawQueue,
  type FoundKey,
  type KeyFind,
  planRound,
  type QueueRead,
  type RoundManner,
  type RoundReply,
  type RoundResult,
  type RoundStep,
  type RoundTake,
} from '../../src/model/round.ts';
import { createScanMemory } from '../../src/model/scan-memory.ts';
import { type Took, takeFromKey } from '../../src/model/take.ts';
import { queueName, type Tier } from '../../src/model/tier.ts';
import { createVirtualTime } from '../../src/model/virtual-time.ts';

/** A store of key rows in memory: the least that a round can be run against. */
export interface MemoryPool {
  readonly rows: Map<string, KeyState>;
  /** Where affinities go. */
  readonly homes: Map<string, AffinityHome>;
  /** What others do just before affinities are claimed. */
  beforeClaim: () => void;
  /** Keys that another round has a take on. */
  readonly busy: Set<string>;
  now: number;
  /** Takes that the last round made, pages that it read, and what all its steps were. */
  takes: number;
  reads: number;
  steps: RoundStep['kind'][];
  /** Runs one round to its end; fails when it takes more than `stepsMax` steps. */
  readonly run: (groups: readonly DrawGroup[], stepsMax?: number) => RoundResult;
  /** Runs rounds until the group is served or refused for good; one result for each round, `roundsMax` at most. */
  readonly serve: (group: DrawGroup, roundsMax?: number) => RoundResult[];
}

export function memoryPool(rows: ReadonlyMap<string, KeyState>, manner?: RoundManner): MemoryPool {
  const scans = createScanMemory();
  const time = createVirtualTime(() => 0);
  const pool: MemoryPool = {
    rows: new Map(rows),
    homes: new Map(),
    beforeClaim: () => {},
    busy: new Set(),
    now: 1_000_000,
    takes: 0,
    reads: 0,
    steps: [],
    run: (groups, stepsMax = 10_000) => {
      pool.takes = 0;
      pool.reads = 0;
      pool.steps = [];
      const plan = planRound(groups, time, scans, manner);
      let step = plan.next();
      for (let steps = 0; !step.done; steps++) {
        if (steps >= stepsMax) throw new Error(`a round did not end in ${stepsMax} steps`);
        step = plan.next(reply(pool, groups, step.value));
      }
      return step.value;
    },
    serve: (group, roundsMax = 100) => {
      const results: RoundResult[] = [];
      for (let left = group.size; results.length < roundsMax; ) {
        const result = pool.run([{ ...group, size: left }]);
        results.push(result);
        left -= result.grants.reduce((sum, { draws }) => sum + draws, 0);
        if (result.shortages[0]?.kind !== 'again') return results;
      }
      throw new Error(`a draw was put off for ${roundsMax} rounds`);
    },
  };
  return pool;
}

function reply(pool: MemoryPool, groups: readonly DrawGroup[], step: RoundStep): RoundReply {
  pool.steps.push(step.kind);
  switch (step.kind) {
    case 'read':
      pool.reads += step.reads.length;
      return { kind: 'read', now: pool.now, pages: step.reads.map((read) => page(pool, read)) };
    case 'take':
      pool.takes += step.takes.length;
      return { kind: 'take', replies: step.takes.map((take) => takeFrom(pool, groups, take)) };
    case 'recall':
      return { kind: 'recall', homes: step.affinities.map((name) => pool.homes.get(name) ?? null) };
    case 'find':
      return { kind: 'find', now: pool.now, found: step.keys.map((key) => find(pool, key)) };
    case 'claim':
      pool.beforeClaim();
      for (const { affinity, from, to } of step.claims)
        if ((pool.homes.get(affinity)?.keyId ?? null) === from) pool.homes.set(affinity, to);
      return { kind: 'claim', homes: step.claims.map(({ affinity }) => pool.homes.get(affinity) ?? null) };
  }
}

function candidateIn(
  pool: MemoryPool,
  view: KeyFind | QueueRead,
  keyId: string,
  position: number,
): Candidate {
  const row = pool.rows.get(keyId);
  const weight = view.strategy === 'weighted' ? (row?.traits.weight ?? 1) : 1;
  const lastRank = row === undefined ? 0 : rankIn(row, view, pool.now);
  return { keyId, position, lastRank, weight, preference: 0, busy: pool.busy.has(keyId) };
}

function rankIn(
  row: KeyState,
  { strategy, queue, feature, limits }: KeyFind | QueueRead,
  now: number,
): number {
  if (strategy === 'most_remaining') return remainingRank(row, feature, limits, now);
  return (strategy === 'fill_first' ? undefined : row.lastRank[queue]) ?? row.freshRank;
}

function find(pool: MemoryPool, key: KeyFind): FoundKey | null {
  const row = pool.rows.get(key.keyId);
  for (const place of ['ready', 'due'] as const) {
    const position = row?.[place][key.queue];
    if (position !== undefined) return { place, candidate: candidateIn(pool, key, key.keyId, position) };
  }
  return null;
}

function page(pool: MemoryPool, read: QueueRead): Candidate[] {
  const found: Candidate[] = [];
  for (const [keyId, row] of pool.rows) {
    const position = row[read.place][read.queue];
    if (position === undefined || position < read.from) continue;
    found.push(candidateIn(pool, read, keyId, position));
  }
  return found.sort((a, b) => a.position - b.position).slice(0, read.limit);
}

let takes = 0;

function takeFrom(pool: MemoryPool, groups: readonly DrawGroup[], take: RoundTake): Took | null {
  const row = pool.rows.get(take.keyId);
  const group = groups[take.group];
  if (row === undefined || group === undefined) return null;
  takes += 1;
  const { state, took } = takeFromKey(
    row,
    {
      take: `t${takes}`,
      queue: take.source.queue,
      feature: group.feature,
      limits: take.source.limits,
      policy: take.source.policy,
      revision: take.source.revision,
      units: group.units,
      count: take.count,
      rank: take.rank,
      openMs: 0,
      settled: [],
      charge: 'all',
    },
    pool.now,
  );
  pool.rows.set(take.keyId, state);
  return took;
}

/** The queue of one feature in a tier. */
export function sourceOf(tier: Tier, feature: string): DrawQueue {
  return {
    tierId: tier.id,
    queue: queueName(tier.id, feature),
    limits: tier.features.find(({ name }) => name === feature)?.limits ?? [],
    policy: tier.policy,
    revision: tier.revision,
  };
}

/** `size` draws of `units` of one feature that wait for a key of these tiers. */
export function groupOf(tiers: readonly Tier[], feature: string, size: number, units = 1): DrawGroup {
  return { feature, units, size, affinity: null, queues: tiers.map((tier) => sourceOf(tier, feature)) };
}

/** Draws served by each key, zero included. */
export function served(pool: MemoryPool, results: readonly RoundResult[]): Map<string, number> {
  const counts = new Map([...pool.rows.keys()].map((keyId) => [keyId, 0]));
  for (const { grants } of results)
    for (const { keyId, draws } of grants) counts.set(keyId, (counts.get(keyId) ?? 0) + draws);
  return counts;
}

/** The difference between the most and the least served. */
export function spread(counts: ReadonlyMap<string, number>): number {
  return Math.max(...counts.values()) - Math.min(...counts.values());
}
