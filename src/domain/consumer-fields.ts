import type { Consumer } from '../model/consumer.ts';

/** What a consumer may do for which no scopes are named. */
export const DEFAULT_SCOPES: readonly string[] = ['api:access'];

/** How long a consumer's token is accepted unless the admin says otherwise: 365 days. */
export const DEFAULT_LIFETIME_MS = 365 * 86_400_000;

/** All that an admin sets of a consumer. */
export interface NewConsumer
  extends Pick<
    Consumer,
    | 'name'
    | 'description'
    | 'owner'
    | 'environment'
    | 'scopes'
    | 'allowedIps'
    | 'creditsPerMinute'
    | 'creditLimits'
  > {
  /** Null for never; undefined for {@link DEFAULT_LIFETIME_MS} from its creation on. */
  readonly expireAt?: number | null;
  /** Revoking has a call of its own. */
  readonly state: 'active' | 'disabled';
}

/** Only what is to change of a consumer, or is to be checked; its environment stands in its token and stays. */
export type ConsumerFields = Partial<Omit<NewConsumer, 'environment'>>;
