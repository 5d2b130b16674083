import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema, type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';

/** Whole milliseconds of a duration; what is finer is cut off. */
export function msFromDuration(duration: Duration): number {
  return Number(duration.seconds) * 1000 + Math.trunc(duration.nanos / 1_000_000);
}

export function durationFromMs(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1_000_000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos });
}

/** Milliseconds since 1970; what is finer is cut off. */
export function msFromTimestamp(timestamp: Timestamp): number {
  return Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000);
}

export function timestampFrom(ms: number): Timestamp {
  return timestampFromMs(Math.trunc(ms));
}

/** For fields that are absent when there is no such moment. */
export function optionalTimestamp(ms: number | null): Timestamp | undefined {
  return ms === null || !Number.isFinite(ms) ? undefined : timestampFrom(ms);
}

/** For filters: a time is a whole moment when it bounds a list, whatever is finer is cut off. */
export function optionalMs(timestamp: Timestamp | undefined): number | undefined {
  return timestamp === undefined ? undefined : msFromTimestamp(timestamp);
}
