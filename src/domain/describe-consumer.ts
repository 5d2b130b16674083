import type { Consumer } from '../model/consumer.ts';
import { type Described, enumText, timeText } from './field-changes.ts';

/** A consumer as the audit shows it, without its token and grants. */
export function describeConsumer(consumer: Consumer): Described {
  return {
    name: consumer.name,
    description: consumer.description,
    environment: enumText('ENVIRONMENT', consumer.environment),
    scopes: consumer.scopes,
    allowed_ips: consumer.allowedIps,
    credits_per_minute: consumer.creditsPerMinute,
    credit_limits: consumer.creditLimits.map(({ resource, creditsPerMinute }) => ({
      resource,
      credits_per_minute: creditsPerMinute,
    })),
    state: enumText('CONSUMER_STATE', consumer.state),
    expire_time: timeText(consumer.expireAt),
    owner: consumer.owner,
    revocation_reason: consumer.revocation?.reason ?? null,
  };
}
