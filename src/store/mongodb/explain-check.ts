import { MongoError } from 'mongodb';
import { StoreOpenError } from '../errors.ts';
import { candidateCursor } from './candidates.ts';
import type { Collections } from './collections.ts';

const REFUSED_STAGES = ['SORT', 'COLLSCAN'];
const PROBE = {
  tierId: 'explain',
  queue: 'explain|explain',
  feature: 'explain',
  limits: [],
  strategy: 'least_recently_used',
  isExact: false,
  from: Number.MIN_SAFE_INTEGER,
  limit: 8,
} as const;

/**
 * Asks the server how it would read the candidates of a draw. Errors: `StoreOpenError` when it would sort in memory or
 * scan the collection, since then a draw would cost as much as the pool is large.
 */
export async function checkCandidatePlans(rows: Collections): Promise<void> {
  for (const place of ['ready', 'due'] as const) {
    const stages = stagesOf(await explain(rows, place));
    const refused = stages.filter((stage) => REFUSED_STAGES.includes(stage));
    if (refused.length > 0 || stages.length === 0) throw refusal(`${place}: ${refused.join(', ')}`);
  }
}

async function explain(rows: Collections, place: 'ready' | 'due'): Promise<unknown> {
  try {
    const { queryPlanner } = await candidateCursor(rows, { ...PROBE, place }).explain('queryPlanner');
    return queryPlanner?.winningPlan;
  } catch (error) {
    if (error instanceof MongoError && /hint/i.test(error.message)) throw refusal(`${place}: no such index`);
    throw error;
  }
}

function refusal(found: string): StoreOpenError {
  return new StoreOpenError(
    `The database would not read the candidates of a draw from the index "places" (${found}). ` +
      'Restore that index: { "$**": 1 } with wildcardProjection { ready: 1, due: 1 }, on the collection "keys".',
  );
}

/** The names of all stages in a plan, also of each shard's. */
function stagesOf(plan: unknown): string[] {
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([name, value]) =>
    name === 'stage' && typeof value === 'string' ? [value] : stagesOf(value),
  );
}
