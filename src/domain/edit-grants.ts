import type { FieldChange } from '../model/audit.ts';
import type { Consumer } from '../model/consumer.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import type { Call, Context } from './context.ts';

export interface GrantInput {
  readonly consumerId: string;
  readonly tierId: string;
}

/** A consumer with other grants, in alphabetical order, and the audit row of the one that came or went. */
export function editedGrants(
  context: Context,
  call: Call,
  edit: {
    readonly action: 'GrantTier' | 'RevokeGrant';
    readonly consumer: Consumer;
    readonly grantedTierIds: readonly string[];
    readonly change: Pick<FieldChange, 'before' | 'after'>;
  },
): Edit<Consumer> {
  const { consumer } = edit;
  const event = adminEvent(context, call, {
    action: edit.action,
    resourceType: 'grant',
    resourceId: consumer.id,
    changes: [{ field: 'tier_id', ...edit.change }],
  });
  const grantedTierIds = [...edit.grantedTierIds].sort();
  const row = { ...consumer, grantedTierIds, version: consumer.version + 1, updatedAt: event.at };
  return { row, event };
}
