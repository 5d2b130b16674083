import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../model/clock.ts';
import { createUnderWay } from '../model/under-way.ts';
import type { IdentityStore, Store } from '../store/port.ts';
import type { Context, DomainLog } from './context.ts';
import type { SubjectIdentity } from './identity.ts';
import { stored } from './store-errors.ts';
import { subjectDenied, tokenExpired, tokenInvalid } from './token-refusals.ts';

/**
 * Asks another authorization server about a token (RFC 7662): its subject when it is active and the operator's rules let
 * it pass; null when not. `from`: whose question it is, where that is known, so that no single one takes all the places. Error:
 * INTROSPECTION_UNAVAILABLE when that cannot be told.
 */
export type Introspect = (token: string, from?: string) => Promise<SubjectIdentity | 'not_yet' | null>;

/** How long a token counts as refused whose time is yet to come, in ms: its holder must not have the server asked all the time. */
const NOT_YET_MS = 1000;

export interface ForeignTokenSettings {
  readonly introspect: Introspect;
  /** Goes into every key under which something is kept of a token, with what else decides about it. */
  readonly salt: string;
  /** How long what was told is believed in memory, and in the store; ms. */
  readonly l1TtlMs: number;
  readonly l2TtlMs: number;
  /** Tokens that are remembered. */
  readonly l1SizeMax: number;
}

/** Who shows a token. */
export interface Bearer {
  /** Whose questions are counted together; empty when that is not known. */
  readonly asker: string;
  /** Throws where the server is to be asked for this one only while no other question of the asker's is under way. */
  readonly check: () => void;
}

/** Tokens that another server vouches for. */
export interface ForeignTokens {
  /** Whom a token stands for, where that is remembered; it may be over or denied since. */
  readonly known: (token: string) => SubjectIdentity | undefined;
  /**
   * Asks the store, then the server, once at a time for a token. Errors: TOKEN_INVALID, those of {@link Introspect} and of
   * the bearer's check.
   */
  readonly identify: (token: string, bearer: Bearer) => Promise<SubjectIdentity>;
}

type KeptStore = Pick<IdentityStore, 'findKeptToken' | 'keepToken'> & Pick<Store, 'now'>;

interface Remembered {
  readonly identity: SubjectIdentity;
  /** Moment of the monotonic clock, and of the store's, until which it is believed. */
  readonly untilMonotonic: number;
  readonly until: number;
}

/** Does what is asked for under a key once at a time. */
function joined<T>(underWay: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const begun = underWay.get(key);
  if (begun !== undefined) return begun;
  const beginning = work().finally(() => underWay.delete(key));
  underWay.set(key, beginning);
  return beginning;
}

export function createForeignTokens(
  settings: ForeignTokenSettings,
  parts: { readonly store: KeptStore; readonly clock: Clock; readonly log: DomainLog },
): ForeignTokens {
  const { introspect, l1TtlMs, l2TtlMs, l1SizeMax } = settings;
  const { store, clock, log } = parts;
  const salt = hash('sha256', settings.salt, 'hex');
  const accepted = new LRUCache<string, Remembered>({ max: l1SizeMax });
  /** Apart from the accepted ones: whoever invents tokens shall not push those out. By the moment they are forgotten. */
  const refused = new LRUCache<string, number>({ max: l1SizeMax });
  const lookingUp = new Map<string, Promise<SubjectIdentity | null>>();
  const asking = new Map<string, Promise<SubjectIdentity>>();
  /** Questions under way, by asker. */
  const questions = createUnderWay();

  // The salt has a fixed length, so that no two pairs make the same text.
  const keyOf = (token: string): string => hash('sha256', salt + token, 'hex');

  function remember(key: string, identity: SubjectIdentity, until: number): void {
    accepted.set(key, { identity, until, untilMonotonic: clock.monotonicMs() + l1TtlMs });
  }

  function remembered(key: string): SubjectIdentity | undefined {
    const hit = accepted.get(key);
    if (hit === undefined || hit.untilMonotonic <= clock.monotonicMs()) return undefined;
    return store.now() < hit.until ? hit.identity : undefined;
  }

  const isRefused = (key: string): boolean => (refused.get(key) ?? -Infinity) > clock.monotonicMs();

  async function lookUp(key: string): Promise<SubjectIdentity | null> {
    const kept = await stored(store.findKeptToken(key));
    if (kept === null) return null;
    const identity = JSON.parse(kept.body) as SubjectIdentity;
    remember(key, identity, kept.expireAt);
    return identity;
  }

  /** Asks the server, and counts the question as the asker's meanwhile. */
  async function introspectFor(asker: string, token: string): ReturnType<Introspect> {
    if (asker === '') return introspect(token);
    questions.enter(asker);
    try {
      return await introspect(token, asker);
    } finally {
      questions.leave(asker);
    }
  }

  async function ask(key: string, token: string, asker: string): Promise<SubjectIdentity> {
    const identity = await introspectFor(asker, token);
    if (identity === null || identity === 'not_yet') {
      const ttlMs = identity === null ? l1TtlMs : Math.min(NOT_YET_MS, l1TtlMs);
      refused.set(key, clock.monotonicMs() + ttlMs);
      throw tokenInvalid();
    }
    const expireAt = Math.min(store.now() + l2TtlMs, identity.expireAt ?? Infinity);
    remember(key, identity, expireAt);
    // Nobody waits for it: it only saves others a question.
    store
      .keepToken({ key, body: JSON.stringify(identity), expireAt })
      .catch((err: unknown) => log.warn({ err }, 'what is known of a token could not be kept'));
    return identity;
  }

  return {
    known: (token) => remembered(keyOf(token)),
    identify: async (token, { asker, check }) => {
      const key = keyOf(token);
      if (isRefused(key)) throw tokenInvalid();
      const kept = asking.has(key) ? null : await joined(lookingUp, key, () => lookUp(key));
      // While the store was asked, the server may have answered another one.
      const identity = kept ?? remembered(key);
      if (identity !== undefined) return identity;
      if (isRefused(key)) throw tokenInvalid();
      // Whoever joins a question has nothing sent; a refusal of the one who would ask is not that of the others.
      if (!asking.has(key) && questions.of(asker) > 0) check();
      return joined(asking, key, () => ask(key, token, asker));
    },
  };
}

/**
 * The subject, if its token is not over and no admin has denied it meanwhile. Errors: TOKEN_EXPIRED, TOKEN_REVOKED,
 * STORE_UNAVAILABLE.
 */
export async function checkSubject(
  { directory, store }: Context,
  identity: SubjectIdentity,
): Promise<SubjectIdentity> {
  if (identity.expireAt !== null && identity.expireAt <= store.now()) throw tokenExpired();
  const known = directory.known.denial(identity.subject);
  const denial = known === undefined ? await stored(directory.denial(identity.subject)) : known;
  if (denial !== null) throw subjectDenied();
  return identity;
}
