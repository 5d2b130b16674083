import type { CreditStore } from '../port.ts';
import { chargeRound } from './charge-round.ts';
import type { MongoContext } from './context.ts';
import { createDoubtfulRecords } from './doubtful-records.ts';
import { atEdge } from './driver-errors.ts';
import { createOwnerCredits } from './owner-credits.ts';
import { createFinishedTakes } from './pool-takes.ts';
import { noteProcess } from './process-rows.ts';

/** One takes from its pools while another is recorded. */
const ROUNDS_MAX = 2;

export function createCredits(context: MongoContext): CreditStore {
  const shared = { finished: createFinishedTakes(), doubtful: createDoubtfulRecords() };
  return {
    chargeRoundsMax: ROUNDS_MAX,
    chargeRound: (charges) => atEdge(() => chargeRound({ ...context, ...shared }, charges)),
    noteProcess: () => atEdge(() => noteProcess(context)),
    // Rows that are over have an index that deletes them.
    sweepCredits: async () => 0,
    ...createOwnerCredits(context),
  };
}
