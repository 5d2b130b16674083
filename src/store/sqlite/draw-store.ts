import { NOWHERE } from '../../model/place.ts';
import { createScanMemory } from '../../model/scan-memory.ts';
import { createVirtualTime } from '../../model/virtual-time.ts';
import type { DrawStore } from '../port.ts';
import { createAvailability } from './availability.ts';
import type { Core } from './core.ts';
import { createRecovery } from './recovery.ts';
import { drawRound } from './round.ts';
import type { RoundParts } from './round-context.ts';
import type { Usage } from './usage.ts';

export function createDrawStore(core: Core, usage: Usage): DrawStore {
  const { transactions, keys, options } = core;
  const parts: RoundParts = {
    names: core.names,
    places: core.places,
    states: core.states,
    credentials: core.credentials,
    tierRevision: core.tiers.revision,
    events: usage.events,
    records: usage.records,
    time: createVirtualTime(options.clock.monotonicMs),
    scans: createScanMemory(),
    newId: options.newId,
    run: options.newId(),
  };
  const availability = createAvailability(core);
  const recover = createRecovery(core, usage.events);
  return {
    roundsMax: 1,
    drawRound: async (draws) => {
      core.clockWatch.look();
      const sentAt = options.clock.monotonicMs();
      return transactions.write(() => drawRound(parts, draws, core.now(), sentAt));
    },
    withhold: async (drawIds) => {
      transactions.write(() => {
        for (const drawId of drawIds) {
          const event = usage.events.withhold(drawId);
          if (event !== null) usage.records.remove(event);
        }
      });
    },
    quarantineKey: async (keyId, value, reason) => {
      transactions.write(() => {
        const stored = keys.read(keyId);
        if (stored?.key.state !== 'active' || stored.key.value !== value) return;
        const out = { state: 'quarantined', stateReason: reason, updatedAt: core.now() } as const;
        keys.update(stored, { ...stored.key, ...out, ...NOWHERE });
      });
    },
    availability: async (queues, cap) => transactions.read(() => availability(queues, cap)),
    recoverOpenTakes: async (limit) => transactions.write(() => recover(limit)),
  };
}
