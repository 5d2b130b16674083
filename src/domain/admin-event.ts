import type { Actor, AdminEvent, FieldChange, ResourceType } from '../model/audit.ts';
import { adminRequired } from './authorize.ts';
import type { Call, Context, Identity } from './context.ts';

/** A change as its use case knows it. */
export interface AdminAction {
  /** The RPC's name, such as `UpdateTier`. */
  readonly action: string;
  readonly resourceType: ResourceType;
  readonly resourceId: string;
  readonly changes: readonly FieldChange[];
}

function actorOf(identity: Identity): Actor {
  switch (identity.kind) {
    case 'root':
      return { kind: 'root' };
    case 'consumer':
      return { kind: 'consumer', id: identity.consumer.id, name: identity.consumer.name };
    case 'subject':
      throw adminRequired('write');
  }
}

/** The audit row of a change: who, what, when and from where, with a fresh id, at the store's now. */
export function adminEvent(context: Context, call: Call, action: AdminAction): AdminEvent {
  return {
    id: context.newId(),
    at: context.store.now(),
    actor: actorOf(call.identity),
    ...action,
    requestId: call.requestId,
    peerAddress: call.peerAddress,
  };
}
