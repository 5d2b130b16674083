import { WELL } from '../../model/key.ts';
import { type MongoContext, storeNow } from './context.ts';
import { type Expression, ifNull, literal } from './expressions.ts';
import { NOWHERE } from './place-expressions.ts';

/** `WELL` of the model, as a pipeline has it. */
const WELL_NOW: Expression = literal(JSON.parse(JSON.stringify(WELL)));

/**
 * Takes a key out whose sealed value does not open, unless it has another by now. No trial leads back, and one under way
 * is over: only an admin can mend it.
 */
export async function quarantineKey(
  context: MongoContext,
  keyId: string,
  value: string,
  reason: string,
): Promise<void> {
  const now = storeNow(context);
  const since = { quarantinedAt: now, trialAt: null, trial: null, trialsFailed: 0 };
  await context.rows.keys.updateOne({ _id: keyId, state: { $ne: 'disabled' }, value }, [
    {
      $set: {
        state: 'quarantined',
        stateReason: literal(reason),
        ready: NOWHERE,
        due: NOWHERE,
        health: { $mergeObjects: [ifNull('$health', WELL_NOW), since] },
        unwell: true,
        updatedAt: now,
        turn: literal(context.options.newId()),
      },
    },
  ]);
}
