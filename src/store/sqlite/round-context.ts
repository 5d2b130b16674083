import type { KeyState } from '../../model/key.ts';
import type { DrawQueue } from '../../model/round.ts';
import type { ScanMemory } from '../../model/scan-memory.ts';
import type { TakeRequest } from '../../model/take.ts';
import type { VirtualTime } from '../../model/virtual-time.ts';
import type { Drawn } from '../port.ts';
import type { Affinities } from './affinities.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { Names } from './names.ts';
import type { PlaceTable } from './places.ts';
import type { RequestRecords } from './request-records.ts';
import type { RoundKeys, RoundRows } from './round-keys.ts';
import type { UsageEvents } from './usage-events.ts';

/** What every round of an open store works with. */
export interface RoundParts extends RoundRows {
  readonly names: Names;
  readonly places: PlaceTable;
  readonly credentials: Credentials;
  /** The revision of a tier as stored; null when there is no such tier. */
  readonly tierRevision: (tierId: string) => number | null;
  readonly events: UsageEvents;
  readonly records: RequestRecords;
  readonly affinities: Affinities;
  readonly time: VirtualTime;
  /** Searches that a round could not finish. */
  readonly scans: ScanMemory;
  readonly newId: () => string;
  /** Names this opening of the store. */
  readonly run: string;
}

/** One round: its parts, its moment, and the keys it works on. */
export interface Round extends RoundParts {
  /** The store's moment of the round, in ms. */
  readonly now: number;
  /** The moment of the process's monotonic clock before the round began. */
  readonly sentAt: number;
  readonly keys: RoundKeys;
}

/** A take of one key in this round, from a queue that may serve it. */
export function takeRequest(
  round: Round,
  source: DrawQueue,
  draw: Pick<TakeRequest, 'feature' | 'units' | 'count' | 'rank' | 'charge'>,
): TakeRequest {
  return {
    ...draw,
    take: round.newId(),
    queue: source.queue,
    limits: source.limits,
    policy: source.policy,
    revision: source.revision,
    // The audit rows commit with the take.
    openMs: 0,
    settled: [],
  };
}

/** The first tier among the sources that was edited since the draw's process loaded it. */
export function staleTier(round: Round, sources: readonly DrawQueue[]): string | null {
  const stale = sources.find(({ tierId, revision }) => revision < (round.tierRevision(tierId) ?? 0));
  return stale === undefined ? null : stale.tierId;
}

/** The answer that hands a key out. */
export function drawnOf(
  credential: Credential,
  state: KeyState,
  tierId: string,
  draw: Pick<Drawn, 'drawId' | 'at' | 'leaveBy' | 'replayed'>,
): Drawn {
  return {
    kind: 'drawn',
    drawId: draw.drawId,
    at: draw.at,
    keyId: credential.id,
    keyName: credential.name,
    tierId,
    value: credential.value,
    secrets: credential.secrets,
    metadata: credential.metadata,
    expireAt: state.expireAt,
    leaveBy: draw.leaveBy,
    replayed: draw.replayed,
  };
}
