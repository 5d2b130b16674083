import type { Consumer } from '../model/consumer.ts';

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
    | 'expireAt'
  > {
  /** Revoking has a call of its own. */
  readonly state: 'active' | 'disabled';
}

/** Only what is to change of a consumer, or is to be checked; its environment stands in its token and stays. */
export type ConsumerFields = Partial<Omit<NewConsumer, 'environment'>>;
