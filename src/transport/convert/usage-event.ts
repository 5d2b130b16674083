import type { MessageInitShape } from '@bufbuild/protobuf';
import { UsageEventKind, type UsageEventSchema } from '../../../gen/keypool/v1/usage_event_pb.ts';
import type { UsageEvent } from '../../model/audit.ts';
import { timestampFrom } from './time.ts';

export function fromUsageEvent(event: UsageEvent): MessageInitShape<typeof UsageEventSchema> {
  return {
    id: event.id,
    kind: UsageEventKind.DRAW,
    time: timestampFrom(event.at),
    consumerId: event.consumerId,
    drawId: event.id,
    keyId: event.keyId,
    tierId: event.tierId,
    feature: event.feature,
    units: event.units,
    requestId: event.requestId,
    peerAddress: event.peerAddress,
    withheld: event.withheld,
  };
}
