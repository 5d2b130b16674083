/** What `keypool/client` and `keypool/client/web` export alike. */

/** Makes a message of a schema: `create(DrawKeyRequestSchema, { feature })`. */
export { create, type MessageInitShape } from '@bufbuild/protobuf';
/** Between google.protobuf.Duration and Timestamp of the messages, and milliseconds and dates. */
export { durationFromMs, durationMs, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
export { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

export * from '../../gen/keypool/v1/admin_event_pb.ts';
export * from '../../gen/keypool/v1/admin_service_pb.ts';
export * from '../../gen/keypool/v1/alert_pb.ts';
export * from '../../gen/keypool/v1/audit_messages_pb.ts';
export * from '../../gen/keypool/v1/auth_messages_pb.ts';
export * from '../../gen/keypool/v1/auth_service_pb.ts';
export * from '../../gen/keypool/v1/caller_pb.ts';
export * from '../../gen/keypool/v1/consumer_messages_pb.ts';
export * from '../../gen/keypool/v1/consumer_pb.ts';
export * from '../../gen/keypool/v1/credits_pb.ts';
export * from '../../gen/keypool/v1/key_bulk_messages_pb.ts';
export * from '../../gen/keypool/v1/key_messages_pb.ts';
export * from '../../gen/keypool/v1/key_pb.ts';
export * from '../../gen/keypool/v1/key_pool_service_pb.ts';
export * from '../../gen/keypool/v1/outcome_pb.ts';
export * from '../../gen/keypool/v1/owner_credits_messages_pb.ts';
export * from '../../gen/keypool/v1/quota_group_pb.ts';
export * from '../../gen/keypool/v1/status_messages_pb.ts';
export * from '../../gen/keypool/v1/subject_messages_pb.ts';
export * from '../../gen/keypool/v1/tier_messages_pb.ts';
export * from '../../gen/keypool/v1/tier_pb.ts';
export * from '../../gen/keypool/v1/usage_event_pb.ts';
export * from '../../gen/keypool/v1/webhook_pb.ts';
export type { KeypoolClient } from './clients.ts';
export type { KeypoolToken } from './credential.ts';
export { type KeypoolErrorDetails, type KeypoolFieldViolation, keypoolErrorOf } from './keypool-error.ts';
export type { KeypoolClientOptions } from './options.ts';
export {
  createOutcomeReporter,
  type OutcomeReport,
  type OutcomeReporter,
  type OutcomeReporterOptions,
} from './outcome-reporter.ts';
