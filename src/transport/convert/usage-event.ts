import type { MessageInitShape } from '@bufbuild/protobuf';
import { Outcome as OutcomeValue } from '../../../gen/keypool/v1/outcome_pb.ts';
import { UsageEventKind, type UsageEventSchema } from '../../../gen/keypool/v1/usage_event_pb.ts';
import type { DrawEvent, Outcome, RecordEvent, UsageEvent } from '../../model/audit.ts';
import { timestampFrom } from './time.ts';

const KIND = {
  draw: UsageEventKind.DRAW,
  verify: UsageEventKind.VERIFY,
  recorded: UsageEventKind.RECORDED,
} as const satisfies Record<UsageEvent['kind'], UsageEventKind>;

const OUTCOME = {
  ok: OutcomeValue.OK,
  rate_limited: OutcomeValue.RATE_LIMITED,
  quota_exceeded: OutcomeValue.QUOTA_EXCEEDED,
  unauthorized: OutcomeValue.UNAUTHORIZED,
  forbidden: OutcomeValue.FORBIDDEN,
  upstream_error: OutcomeValue.UPSTREAM_ERROR,
  timeout: OutcomeValue.TIMEOUT,
  invalid_request: OutcomeValue.INVALID_REQUEST,
} as const satisfies Record<Outcome, OutcomeValue>;

const OUTCOME_OF = new Map(Object.entries(OUTCOME).map(([name, value]) => [value, name as Outcome]));

export function fromOutcome(outcome: Outcome): OutcomeValue {
  return OUTCOME[outcome];
}

/** Null when it is not said. */
export function toOutcome(value: OutcomeValue): Outcome | null {
  return OUTCOME_OF.get(value as (typeof OUTCOME)[Outcome]) ?? null;
}

type EventInit = MessageInitShape<typeof UsageEventSchema>;

function ofDraw({ id, keyId, tierId, feature, withheld, report }: DrawEvent): EventInit {
  const drawn = { drawId: id, keyId, tierId, feature, withheld };
  if (report === null) return drawn;
  return {
    ...drawn,
    outcome: OUTCOME[report.outcome],
    statusCode: report.statusCode ?? undefined,
    reportedUnits: report.units ?? undefined,
    reportTime: timestampFrom(report.at),
    reportMessage: report.message ?? '',
  };
}

function ofRecord({ resource, endpoint, statusCode, outcome }: RecordEvent): EventInit {
  return {
    resource: resource ?? undefined,
    endpoint: endpoint ?? undefined,
    statusCode: statusCode ?? undefined,
    outcome: outcome === null ? undefined : OUTCOME[outcome],
  };
}

export function fromUsageEvent(event: UsageEvent): EventInit {
  const { id, consumerId, units, requestId, peerAddress } = event;
  const kind = KIND[event.kind];
  const shared = { id, kind, time: timestampFrom(event.at), consumerId, units, requestId, peerAddress };
  return { ...shared, ...(event.kind === 'draw' ? ofDraw(event) : ofRecord(event)) };
}
