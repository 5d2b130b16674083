import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Consumer as ConsumerMessage,
  type ConsumerSchema,
  ConsumerState,
  Environment,
} from '../../../gen/keypool/v1/consumer_pb.ts';
import type { NewConsumer } from '../../domain/consumer-fields.ts';
import { etagOf } from '../../domain/etag.ts';
import type { Consumer, ConsumerLifecycle, CreditLimit } from '../../model/consumer.ts';
import { msFromTimestamp, optionalTimestamp, timestampFrom } from './time.ts';

const STATE: Readonly<Record<ConsumerLifecycle, ConsumerState>> = {
  active: ConsumerState.ACTIVE,
  disabled: ConsumerState.DISABLED,
  revoked: ConsumerState.REVOKED,
};

/** A state as a filter; undefined for any. */
export function toConsumerStateFilter(state: ConsumerState): ConsumerLifecycle | undefined {
  if (state === ConsumerState.ACTIVE) return 'active';
  if (state === ConsumerState.DISABLED) return 'disabled';
  return state === ConsumerState.REVOKED ? 'revoked' : undefined;
}

/** A state as an admin sets it; unspecified means active. */
export function toSettableState(state: ConsumerState): NewConsumer['state'] {
  return state === ConsumerState.DISABLED ? 'disabled' : 'active';
}

/** An environment as a filter; undefined for any. */
export function toEnvironmentFilter(environment: Environment): Consumer['environment'] | undefined {
  if (environment === Environment.LIVE) return 'live';
  return environment === Environment.TEST ? 'test' : undefined;
}

export function toExpireAt(consumer: Pick<ConsumerMessage, 'expireTime'>): number | null {
  return consumer.expireTime === undefined ? null : msFromTimestamp(consumer.expireTime);
}

export function toCreditLimits({ creditLimits }: Pick<ConsumerMessage, 'creditLimits'>): CreditLimit[] {
  return creditLimits.map(({ resource, creditsPerMinute }) => ({ resource, creditsPerMinute }));
}

/** `neverExpires` where no moment is given; otherwise the service's default holds. */
export function toNewConsumer(consumer: ConsumerMessage, neverExpires: boolean): NewConsumer {
  const expireAt = toExpireAt(consumer);
  return {
    name: consumer.name,
    description: consumer.description,
    owner: consumer.owner,
    environment: toEnvironmentFilter(consumer.environment) ?? 'live',
    scopes: consumer.scopes,
    allowedIps: consumer.allowedIps,
    creditsPerMinute: consumer.creditsPerMinute ?? null,
    creditLimits: toCreditLimits(consumer),
    state: toSettableState(consumer.state),
    ...(expireAt === null && !neverExpires ? {} : { expireAt }),
  };
}

export function fromConsumer(consumer: Consumer): MessageInitShape<typeof ConsumerSchema> {
  return {
    id: consumer.id,
    name: consumer.name,
    description: consumer.description,
    environment: consumer.environment === 'test' ? Environment.TEST : Environment.LIVE,
    scopes: [...consumer.scopes],
    allowedIps: [...consumer.allowedIps],
    creditsPerMinute: consumer.creditsPerMinute ?? undefined,
    creditLimits: [...consumer.creditLimits],
    state: STATE[consumer.state],
    expireTime: optionalTimestamp(consumer.expireAt),
    owner: consumer.owner,
    lastUsedTime: optionalTimestamp(consumer.lastUsedAt),
    grantedTierIds: [...consumer.grantedTierIds].sort(),
    createTime: timestampFrom(consumer.createdAt),
    updateTime: timestampFrom(consumer.updatedAt),
    revocationReason: consumer.revocation?.reason ?? '',
    revokeTime: optionalTimestamp(consumer.revocation?.at ?? null),
    previousTokenExpireTime: optionalTimestamp(consumer.previousToken?.expireAt ?? null),
    etag: etagOf(consumer.version),
  };
}
