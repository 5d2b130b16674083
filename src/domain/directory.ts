import type { Consumer } from '../model/consumer.ts';
import type { Tier } from '../model/tier.ts';

/**
 * What every call needs to know and seldom changes: identities with their grants, and tiers. Never older than 2 s in
 * any process, and dropped at once when the store announces a change.
 */
export interface Directory {
  /** By SHA-256 of the token, lower-case hex. Null when there is no such consumer. */
  readonly consumerByTokenHash: (tokenHash: string) => Promise<Consumer | null>;
  readonly tier: (id: string) => Promise<Tier | null>;
  /** Every tier, ordered by id. */
  readonly allTiers: () => Promise<readonly Tier[]>;
  /** Forgets one tier, because a row has seen a newer revision of it. */
  readonly forgetTier: (id: string) => void;
  /** Stops listening to the store. */
  readonly close: () => void;
}
