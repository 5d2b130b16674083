import type { ScanMemory } from '../../model/scan-memory.ts';
import type { Background } from './background.ts';
import type { BusyKeys } from './busy-keys.ts';
import type { MongoContext } from './context.ts';
import type { QueueFronts } from './queue-fronts.ts';
import type { SettledTakes } from './settled-takes.ts';
import type { TierTurns } from './tier-turns.ts';

/** What rounds share in this process. */
export interface DrawContext extends MongoContext {
  readonly busy: BusyKeys;
  readonly turns: TierTurns;
  readonly fronts: QueueFronts;
  readonly settled: SettledTakes;
  /** Searches for many units that a round could not finish. */
  readonly scans: ScanMemory;
  readonly background: Background;
  /** Queues whose highest rank has been looked up. */
  readonly rankedQueues: Set<string>;
}
