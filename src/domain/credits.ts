import type { UsageRecord } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { Consumer } from '../model/consumer.ts';
import { type CreditPool, type CreditStanding, nextOfPools, tightest } from '../model/credit.ts';
import type { Store } from '../store/port.ts';
import { type ChargeOutcome, createChargeRounds } from './charge-rounds.ts';
import type { DomainLog } from './context.ts';
import { isOfOwner, poolsOf } from './credit-pools.ts';
import type { CreditSettings } from './credit-settings.ts';
import type { Directory } from './directory.ts';
import { createSpentPools } from './spent-pools.ts';
import { stored } from './store-errors.ts';
import { createStoreOutage } from './store-outage.ts';

/** Who pays for a call. */
export type CreditPayer =
  | { readonly kind: 'consumer'; readonly consumer: Consumer }
  | {
      readonly kind: 'subject';
      readonly subject: string;
      /** Credits per sliding minute; null for the service's default. */
      readonly creditsPerMinute: number | null;
    }
  | { readonly kind: 'address'; readonly address: string };

/** What is charged. */
export interface CreditCharge {
  /** Credits, 0 or more. */
  readonly cost: number;
  /** What is used, where a consumer may have a limit of its own for that; null for nothing in particular. */
  readonly resource: string | null;
  /** What is durable before a granted charge is answered, also where nothing limits the payer; null for nothing. */
  readonly event: UsageRecord | null;
  /**
   * Makes a retry charge once: `key` names (caller, id), `fingerprint` the other fields; both are hashes. Null for a call
   * that is a new one every time.
   */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

/** What became of a charge. `reused`: its request id was used with other fields. */
export type ChargeAnswer =
  | {
      readonly kind: 'charged';
      /** False: too few credits were left, and nothing was charged or written. */
      readonly granted: boolean;
      /** Null where nothing limits the payer. */
      readonly credits: CreditStanding | null;
      /** True where `credits` are those that all consumers of the payer's owner share. */
      readonly ofOwner: boolean;
      /** Of a refused charge, when it can succeed, in ms by the store's clock; null when never, and when granted. */
      readonly nextAt: number | null;
      /** It is a retry of a charge that was granted before. */
      readonly replayed: boolean;
    }
  | { readonly kind: 'reused' };

/** Charges credits, in rounds of those that arrive together. */
export interface Credits {
  readonly settings: CreditSettings;
  /**
   * Charges a payer's pools: all of them or none. Errors: STORE_UNAVAILABLE (when credits are not counted locally
   * meanwhile), OVERLOADED when too many wait or another call is at work with its request id, CANCELED when `signal`
   * fired before it was charged.
   */
  readonly charge: (payer: CreditPayer, charge: CreditCharge, signal?: AbortSignal) => Promise<ChargeAnswer>;
  /** What a charge of `cost` credits is refused with, where that is known without the store; null where it is not. */
  readonly knownRefusal: (payer: CreditPayer, cost: number) => ChargeAnswer | null;
  /** True when it is known without a read that nothing limits a payer's calls. */
  readonly isUnlimited: (payer: CreditPayer) => boolean;
  /** True while the store cannot be reached and this process counts by itself. */
  readonly isLocal: () => boolean;
  /** Goes on with what was left undone while the store was out of reach, and notes that this process is alive. */
  readonly tend: () => Promise<void>;
  /** Resolves when no charge is under way any more. */
  readonly idle: () => Promise<void>;
}

export interface CreditsParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: DomainLog;
  readonly settings: CreditSettings;
}

function answerOf(outcome: ChargeOutcome, pools: readonly CreditPool[], cost: number): ChargeAnswer {
  if (outcome.kind === 'reused') return outcome;
  const { granted, replayed } = outcome;
  const told = tightest(pools, outcome.pools, cost);
  return {
    kind: 'charged',
    granted,
    credits: told?.credits ?? null,
    ofOwner: told !== null && isOfOwner(told.pool),
    nextAt: granted ? null : nextOfPools(outcome.pools),
    replayed,
  };
}

const UNLIMITED: ChargeAnswer = {
  kind: 'charged',
  granted: true,
  credits: null,
  ofOwner: false,
  nextAt: null,
  replayed: false,
};

export function createCredits(parts: CreditsParts): Credits {
  const { store, directory, clock, settings } = parts;
  const rounds = createChargeRounds(store, clock.monotonicMs);
  const spent = createSpentPools(clock.monotonicMs);
  const outage = createStoreOutage(parts, rounds);

  /** An owner's credits where they are known; undefined where they have to be read. */
  function knownOfOwner(payer: CreditPayer): number | null | undefined {
    if (payer.kind !== 'consumer' || payer.consumer.owner === '') return null;
    const known = directory.known.ownerCredits(payer.consumer.owner);
    return known === undefined ? undefined : (known?.creditsPerMinute ?? null);
  }

  async function readOfOwner(payer: CreditPayer): Promise<number | null> {
    if (payer.kind !== 'consumer') return null;
    const read = await stored(directory.ownerCredits(payer.consumer.owner));
    return read?.creditsPerMinute ?? null;
  }

  const { creditsPerMinute } = settings;

  /** What is told of a charge to pools one of which is known to have too little for it; null where none is. */
  function refusedBy(pools: readonly CreditPool[], cost: number): ChargeAnswer | null {
    // Counting for itself the process begins at zero, whatever the store said before.
    if (outage.isLocal()) return null;
    const at = store.now();
    const standings = spent.refused(pools, cost, at);
    if (standings === null) return null;
    return answerOf({ kind: 'charged', granted: false, at, pools: standings, replayed: false }, pools, cost);
  }

  return {
    settings,
    charge: async (payer, charge, signal) => {
      const known = knownOfOwner(payer);
      const ofOwner = known === undefined ? await readOfOwner(payer) : known;
      const pools = poolsOf(payer, charge.resource, { creditsPerMinute, ofOwner });
      const { cost, event, idempotency } = charge;
      if (pools.length === 0 && event === null) return UNLIMITED;
      // A retry may be of one that was granted.
      const refusal = idempotency === null ? refusedBy(pools, cost) : null;
      if (refusal !== null) return refusal;
      const outcome = await outage.charge({ pools, cost, event, idempotency }, signal);
      if (outcome.kind === 'charged' && !outcome.granted && !outage.isLocal())
        spent.note(pools, outcome.pools, cost);
      return answerOf(outcome, pools, cost);
    },
    knownRefusal: (payer, cost) => {
      const ofOwner = knownOfOwner(payer);
      return ofOwner === undefined
        ? null
        : refusedBy(poolsOf(payer, null, { creditsPerMinute, ofOwner }), cost);
    },
    isUnlimited: (payer) => {
      const ofOwner = knownOfOwner(payer);
      return ofOwner !== undefined && poolsOf(payer, null, { creditsPerMinute, ofOwner }).length === 0;
    },
    isLocal: outage.isLocal,
    tend: outage.tend,
    idle: rounds.idle,
  };
}
