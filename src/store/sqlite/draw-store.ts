import type { KeyHealth } from '../../model/key.ts';
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
import { createWithholding } from './withheld-draws.ts';

export function createDrawStore(core: Core, usage: Usage): DrawStore {
  const { transactions, keys, options } = core;
  const parts: RoundParts = {
    names: core.names,
    places: core.places,
    states: core.states,
    quotaGroups: core.quotaGroups,
    groupMembers: core.groupMembers,
    credentials: core.credentials,
    tierRevision: core.tiers.revision,
    events: usage.events,
    records: usage.records,
    affinities: usage.affinities,
    time: createVirtualTime(options.clock.monotonicMs),
    scans: createScanMemory(),
    newId: options.newId,
    run: options.newId(),
  };
  const availability = createAvailability(core);
  const recover = createRecovery(core, usage.events);
  const withhold = createWithholding(core, usage);
  return {
    roundsMax: 1,
    drawRound: async (draws) => {
      core.clockWatch.look();
      const sentAt = options.clock.monotonicMs();
      return transactions.writeAll(() => drawRound(parts, draws, core.now(), sentAt));
    },
    withhold: async (drawIds) => {
      const freed = transactions.write(() => withhold(drawIds));
      core.announce(...freed.map((tierId) => ({ kind: 'freed', tierId }) as const));
    },
    quarantineKey: async (keyId, value, reason) => {
      transactions.write(() => {
        const stored = keys.read(keyId);
        if (stored === null || stored.key.state === 'disabled' || stored.key.value !== value) return;
        const { trial, trialAt } = stored.key.health;
        // One that is out for good already keeps its reason.
        if (stored.key.state === 'quarantined' && trial === null && trialAt === null) return;
        const now = core.now();
        // What does not open would not open on a trial either.
        const health: KeyHealth = { ...stored.key.health, quarantinedAt: now, trialAt: null, trial: null };
        const out = { state: 'quarantined', stateReason: reason, health, updatedAt: now } as const;
        keys.update(stored, { ...stored.key, ...out, ...NOWHERE });
      });
    },
    availability: async (queues, cap) => transactions.read(() => availability(queues, cap)),
    recoverOpenTakes: async (limit) => transactions.write(() => recover(limit)),
  };
}
