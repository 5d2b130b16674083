import type { Clock } from '../model/clock.ts';
import type { Consumer } from '../model/consumer.ts';
import type { Sealer } from '../model/sealing.ts';
import type { Store } from '../store/port.ts';
import type { Directory } from './directory.ts';
import type { LastUsed } from './last-used.ts';
import type { OpenedValues } from './opened-values.ts';
import type { Rounds } from './rounds.ts';

/** Who is calling, after its token was checked. */
export type Identity = { readonly kind: 'root' } | { readonly kind: 'consumer'; readonly consumer: Consumer };

/** One call as the audit sees it. */
export interface Call {
  readonly identity: Identity;
  readonly requestId: string;
  readonly peerAddress: string;
  /** Fires when the caller has gone or its deadline has passed. */
  readonly signal?: AbortSignal;
}

/** Structured log of the domain; fields never hold a secret. */
export interface DomainLog {
  readonly info: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly error: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

/** What every use case works with; made once in `app.ts`. */
export interface Context {
  readonly store: Store;
  readonly clock: Clock;
  /** A fresh time-ordered unique id (UUID v7). */
  readonly newId: () => string;
  /** Cryptographically random bytes. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly sealer: Sealer;
  /** Opens with `sealer` what draws hand out. */
  readonly openedValues: OpenedValues;
  /** Keyed hash of a key's value, lower-case hex. */
  readonly fingerprint: (value: string) => string;
  /** Begins every consumer token. */
  readonly tokenPrefix: string;
  /** SHA-256 of the root token, lower-case hex. */
  readonly rootTokenHash: string;
  readonly directory: Directory;
  readonly rounds: Rounds;
  readonly lastUsed: LastUsed;
  readonly log: DomainLog;
  readonly version: string;
  /** The monotonic moment at which the process began to serve, in ms. */
  readonly startedAtMonotonicMs: number;
}
