import type { AdminEvent } from '../../model/audit.ts';
import type { Consumer, ConsumerLifecycle, Environment } from '../../model/consumer.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

export interface ConsumerFilter {
  readonly owner?: string;
  readonly environment?: Environment;
  readonly state?: ConsumerLifecycle;
  /** Those in this state are left out. */
  readonly exceptState?: ConsumerLifecycle;
}

export interface ConsumerStore {
  readonly createConsumer: (consumer: Consumer, event: AdminEvent) => Promise<void>;
  readonly getConsumer: (id: string) => Promise<Consumer | null>;
  /** By SHA-256 of the token, lower-case hex: its own, or the one before while its grace period lasts. */
  readonly findConsumerByTokenHash: (tokenHash: string) => Promise<Consumer | null>;
  /** Ordered by id (time of creation). */
  readonly listConsumers: (filter: ConsumerFilter, page: PageRequest) => Promise<Page<Consumer>>;
  /** Errors: `not-found` (consumer, or a tier that `row.grantedTierIds` adds). */
  readonly editConsumer: (id: string, edit: (consumer: Consumer) => Edit<Consumer>) => Promise<Consumer>;
  /** Errors: `not-found`. */
  readonly deleteConsumer: (id: string, check: (consumer: Consumer) => AdminEvent) => Promise<void>;
  /** Moves `lastUsedAt` forward, never back; unknown ids are passed over. Not announced as a change. */
  readonly touchConsumers: (usedAt: ReadonlyMap<string, number>) => Promise<void>;
}
