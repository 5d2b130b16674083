import { fromJson, type MessageInitShape } from '@bufbuild/protobuf';
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import type { ActorSchema, AdminEventSchema } from '../../../gen/keypool/v1/admin_event_pb.ts';
import { CallerKind } from '../../../gen/keypool/v1/caller_pb.ts';
import type { Actor, AdminEvent } from '../../model/audit.ts';
import { timestampFrom } from './time.ts';

function fromActor(actor: Actor): MessageInitShape<typeof ActorSchema> {
  if (actor.kind === 'root') return { kind: CallerKind.ROOT, id: 'root', name: 'root' };
  return { kind: CallerKind.CONSUMER, id: actor.id, name: actor.name };
}

function fromJsonText(text: string | null): Value | undefined {
  return text === null ? undefined : fromJson(ValueSchema, JSON.parse(text));
}

export function fromAdminEvent(event: AdminEvent): MessageInitShape<typeof AdminEventSchema> {
  return {
    id: event.id,
    time: timestampFrom(event.at),
    actor: fromActor(event.actor),
    action: event.action,
    resourceType: event.resourceType,
    resourceId: event.resourceId,
    changes: event.changes.map(({ field, before, after }) => ({
      field,
      oldValue: fromJsonText(before),
      newValue: fromJsonText(after),
    })),
    requestId: event.requestId,
    peerAddress: event.peerAddress,
  };
}
