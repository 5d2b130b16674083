import type { ScanMemory } from '../../model/scan-memory.ts';
import type { VirtualTime } from '../../model/virtual-time.ts';
import type { Background } from './background.ts';
import type { BusyKeys } from './busy-keys.ts';
import type { LastAudit } from './confirm-takes.ts';
import type { MongoContext } from './context.ts';
import type { DirectTakes } from './direct-take.ts';
import type { GroupTakes } from './group-takes.ts';
import type { Rivals } from './rivals.ts';
import type { SettledTakes } from './settled-takes.ts';
import type { TierTurns } from './tier-turns.ts';

/** What rounds share in this process. */
export interface DrawContext extends MongoContext {
  readonly busy: BusyKeys;
  readonly turns: TierTurns;
  readonly rivals: Rivals;
  readonly directs: DirectTakes;
  readonly lastAudit: LastAudit;
  readonly settled: SettledTakes;
  /** The same of takes in quota groups, by group. */
  readonly settledGroups: SettledTakes;
  readonly groups: GroupTakes;
  /** Searches for many units that a round could not finish. */
  readonly scans: ScanMemory;
  readonly background: Background;
  readonly time: VirtualTime;
}
