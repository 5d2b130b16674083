import { trialByHand } from '../model/trial-by-hand.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { editKey } from './edit-key.ts';
import { KeypoolError } from './errors.ts';
import { timeText } from './field-changes.ts';
import type { KeyView } from './key-view.ts';

function notQuarantined(id: string): KeypoolError {
  return new KeypoolError(
    'KEY_NOT_QUARANTINED',
    'Only a key that the service has quarantined can be tried. This one is not: look at its state.',
    { metadata: { key_id: id } },
  );
}

/**
 * Lets a quarantined key be drawn once; OUTCOME_OK of that draw lets it back. Errors: ADMIN_REQUIRED, KEY_NOT_FOUND,
 * KEY_NOT_QUARANTINED.
 */
export async function trialKey(
  context: Context,
  call: Call,
  input: { readonly id: string },
): Promise<KeyView> {
  requireAdmin(call.identity, 'write');
  return editKey(context, call, 'TrialKey', input.id, (key, now) => {
    if (key.state !== 'quarantined') throw notQuarantined(input.id);
    const { health } = key;
    const before = health.trialAt === null ? null : JSON.stringify(timeText(health.trialAt));
    return {
      row: { ...key, health: trialByHand(health, now) },
      changes: [{ field: 'trial_time', before, after: JSON.stringify(timeText(now)) }],
    };
  });
}
