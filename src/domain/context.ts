import type { Clock } from '../model/clock.ts';
import type { CreditStanding } from '../model/credit.ts';
import type { Sealer } from '../model/sealing.ts';
import type { Store } from '../store/port.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Alerts } from './alerts.ts';
import type { AvailabilityWatches } from './availability-watches.ts';
import type { After } from './background-task.ts';
import type { Credits } from './credits.ts';
import type { Directory } from './directory.ts';
import type { ForeignTokens } from './foreign-tokens.ts';
import type { HeavyCalls } from './heavy-calls.ts';
import type { Identity } from './identity.ts';
import type { LastUsed } from './last-used.ts';
import type { OpenedValues } from './opened-values.ts';
import type { ReportRounds } from './report-rounds.ts';
import type { Rounds } from './rounds.ts';
import type { WaitingLines } from './waiting-lines.ts';
import type { WebhookSender } from './webhook-sender.ts';

export type { ConsumerIdentity, Identity, SubjectIdentity } from './identity.ts';

/** One call as the audit sees it. */
export interface Call {
  readonly identity: Identity;
  readonly requestId: string;
  readonly peerAddress: string;
  /** Where the caller's credits stand after this call; absent or null where nothing limits it. */
  readonly credits?: CreditStanding | null;
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
  /** The same for rows that come by the thousand: cheaper, and without an order among those of one millisecond. */
  readonly newRowId: () => string;
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
  readonly waitingLines: WaitingLines;
  readonly availabilityWatches: AvailabilityWatches;
  readonly reportRounds: ReportRounds;
  readonly lastUsed: LastUsed;
  readonly credits: Credits;
  readonly heavyCalls: HeavyCalls;
  readonly after: After;
  /** JWTs that consumers get for their tokens. */
  readonly jwts: AccessTokens;
  /** Null where no other server is asked about tokens. */
  readonly foreignTokens: ForeignTokens | null;
  readonly webhookSender: WebhookSender;
  readonly alerts: Alerts;
  readonly log: DomainLog;
  readonly version: string;
  /** The monotonic moment at which the process began to serve, in ms. */
  readonly startedAtMonotonicMs: number;
}
