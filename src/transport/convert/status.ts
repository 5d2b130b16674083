import type { MessageInitShape } from '@bufbuild/protobuf';
import { type GetStatusResponseSchema, JobState } from '../../../gen/keypool/v1/status_messages_pb.ts';
import type { FeatureStatus, Status } from '../../domain/get-status.ts';
import type { Job } from '../../model/job.ts';
import { fromAlert } from './alert.ts';
import { fromTierStatus } from './tier-status.ts';
import { durationFromMs, optionalTimestamp, timestampFrom } from './time.ts';
import { fromWebhookStatus } from './webhook.ts';

type StatusInit = MessageInitShape<typeof GetStatusResponseSchema>;

/** The fields that every answer about availability has. */
export function fromAvailability(availability: Omit<FeatureStatus, 'feature'>) {
  return {
    availableKeys: availability.available,
    totalKeys: availability.total,
    capped: availability.capped,
    nextAvailableTime: optionalTimestamp(availability.nextAt),
  };
}

function fromJob(job: Job): NonNullable<StatusInit['jobs']>[number] {
  return {
    id: job.id,
    kind: job.kind,
    tierId: job.tierId,
    state: job.state === 'done' ? JobState.DONE : JobState.RUNNING,
    done: job.done,
    total: job.total,
    createTime: timestampFrom(job.createdAt),
    updateTime: timestampFrom(job.updatedAt),
  };
}

export function fromStatus(status: Status): StatusInit {
  const { store, encryption } = status;
  return {
    version: status.version,
    uptime: durationFromMs(Math.round(status.uptimeMs)),
    store: {
      kind: store.kind,
      reachable: store.reachable,
      schemaVersion: store.schemaVersion,
      detail: store.detail,
    },
    encryption: {
      enabled: encryption.keyId !== null,
      keyId: encryption.keyId ?? '',
      retiredKeyIds: [...encryption.retiredKeyIds],
    },
    pool: status.pool,
    features: status.features.map((entry) => ({ feature: entry.feature, ...fromAvailability(entry) })),
    featuresCapped: status.featuresCapped,
    jobs: status.jobs.map(fromJob),
    openAlerts: status.alerts.openAlerts.map(fromAlert),
    openAlertsCapped: status.alerts.openAlertsCapped,
    webhooks: status.alerts.webhooks.map(fromWebhookStatus),
    tiers: status.tiers.map(fromTierStatus),
    tiersCapped: status.tiersCapped,
    lastClockJumpTime: optionalTimestamp(store.clockJump?.at ?? null),
    lastClockJump: store.clockJump === null ? undefined : durationFromMs(Math.round(store.clockJump.byMs)),
  };
}
