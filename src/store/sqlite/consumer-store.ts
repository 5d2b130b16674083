import type { Consumer } from '../../model/consumer.ts';
import { StoreError } from '../errors.ts';
import type { ConsumerStore } from '../port.ts';
import { createConsumerRows } from './consumers.ts';
import type { Core } from './core.ts';
import { requireTier } from './tier-store.ts';

export function createConsumerStore(core: Core): ConsumerStore {
  const { transactions, adminEvents } = core;
  const consumers = createConsumerRows(core.db);
  const required = (id: string): Consumer => {
    const consumer = consumers.read(id);
    if (consumer === null) throw new StoreError('not-found', `there is no consumer ${id}`);
    return consumer;
  };
  const requireAdded = (before: readonly string[], after: readonly string[]): void => {
    for (const tierId of after) if (!before.includes(tierId)) requireTier(core, tierId);
  };
  return {
    createConsumer: async (consumer, event) => {
      transactions.write(() => {
        requireAdded([], consumer.grantedTierIds);
        consumers.insert(consumer);
        adminEvents.append(event);
      });
      core.announce({ kind: 'consumer', id: consumer.id });
    },
    getConsumer: async (id) => transactions.read(() => consumers.read(id)),
    findConsumerByTokenHash: async (tokenHash) =>
      transactions.read(() => consumers.readByTokenHash(tokenHash, core.now())),
    listConsumers: async (filter, page) => transactions.read(() => consumers.list(filter, page)),
    editConsumer: async (id, edit) => {
      const edited = transactions.write(() => {
        const before = required(id);
        const { row, event } = edit(before);
        if (event === null) return { row, isChanged: false };
        requireAdded(before.grantedTierIds, row.grantedTierIds);
        consumers.update(row);
        adminEvents.append(event);
        return { row, isChanged: true };
      });
      if (edited.isChanged) core.announce({ kind: 'consumer', id });
      return edited.row;
    },
    deleteConsumer: async (id, check) => {
      transactions.write(() => {
        const event = check(required(id));
        consumers.remove(id);
        adminEvents.append(event);
      });
      core.announce({ kind: 'consumer', id });
    },
    touchConsumers: async (usedAt) => {
      if (usedAt.size === 0) return;
      transactions.write(() => {
        for (const [id, at] of usedAt) consumers.touch(id, at);
      });
    },
  };
}
