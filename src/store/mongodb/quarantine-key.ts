import { WELL } from '../../model/key.ts';
import { type MongoContext, storeNow } from './context.ts';
import { type Expression, ifNull, isSet, literal } from './expressions.ts';
import { NOWHERE } from './place-expressions.ts';

/** `WELL` of the model, as a pipeline has it. */
const WELL_NOW: Expression = literal(JSON.parse(JSON.stringify(WELL)));

const MAY_BE_ON_TRIAL = { $expr: { $or: [isSet('$health.trial'), isSet('$health.trialAt')] } };

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
  // One that is out for good already keeps its reason.
  const drawable = {
    $or: [{ state: 'active' as const }, { state: 'quarantined' as const, ...MAY_BE_ON_TRIAL }],
  };
  await context.rows.keys.updateOne({ _id: keyId, value, ...drawable }, [
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
