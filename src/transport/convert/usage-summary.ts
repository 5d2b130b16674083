import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  GetUsageSummaryRequest,
  GetUsageSummaryResponseSchema,
} from '../../../gen/keypool/v1/audit_messages_pb.ts';
import type { DescribedUsage } from '../../domain/get-usage-summary.ts';
import type { NamedUse } from '../../model/usage-breakdown.ts';
import type { UsageSubject } from '../../model/usage-summary.ts';
import { optionalTimestamp } from './time.ts';
import { fromOutcome } from './usage-event.ts';

export function toUsageSubject({ subject }: Pick<GetUsageSummaryRequest, 'subject'>): UsageSubject {
  switch (subject.case) {
    case undefined:
      return { kind: 'all' };
    case 'consumerId':
      return { kind: 'consumer', id: subject.value };
    case 'keyId':
      return { kind: 'key', id: subject.value };
    case 'feature':
      return { kind: 'feature', id: subject.value };
  }
}

/** The last moment that a timestamp can say (ms): the year 10000 is beyond it. */
const TIMESTAMP_MAX_MS = 253_402_300_799_999;

function fromNamedUse({ events, units, errors }: NamedUse) {
  return { eventCount: BigInt(events), units: BigInt(units), errorCount: BigInt(errors) };
}

export function fromUsageSummary(
  usage: DescribedUsage,
): MessageInitShape<typeof GetUsageSummaryResponseSchema> {
  const { endpoints, resources, statusCodes, outcomes } = usage;
  return {
    startTime: optionalTimestamp(usage.startAt),
    endTime: optionalTimestamp(usage.endAt === null ? null : Math.min(usage.endAt, TIMESTAMP_MAX_MS)),
    requestCount: BigInt(usage.requests),
    units: BigInt(usage.units),
    errorCount: BigInt(usage.errors),
    lastUsedTime: optionalTimestamp(usage.lastAt),
    drawCount: BigInt(usage.draws),
    verifyCount: BigInt(usage.verifications),
    recordedCount: BigInt(usage.recorded),
    endpoints: endpoints.map((use) => ({ endpoint: use.name, ...fromNamedUse(use) })),
    resources: resources.map((use) => ({ resource: use.name, ...fromNamedUse(use) })),
    statusCodes: statusCodes.map(({ statusCode, events }) => ({ statusCode, eventCount: BigInt(events) })),
    outcomes: [...outcomes]
      .map(([outcome, events]) => ({ outcome: fromOutcome(outcome), eventCount: BigInt(events) }))
      .sort((a, b) => a.outcome - b.outcome),
    truncated: usage.isCut || usage.isCapped,
  };
}
