import { createFingerprint } from '../model/fingerprint.ts';
import { tokenHash } from '../model/token.ts';
import { createAccessTokens, DEFAULT_JWT_SETTINGS, type JwtSettings } from './access-tokens.ts';
import { createAlerts } from './alerts.ts';
import { createAvailabilityWatches } from './availability-watches.ts';
import type { Context } from './context.ts';
import { type CreditSettings, DEFAULT_CREDIT_SETTINGS } from './credit-settings.ts';
import { createCredits } from './credits.ts';
import { createDirectory } from './directory.ts';
import { createForeignTokens, type ForeignTokenSettings } from './foreign-tokens.ts';
import { createHeavyCalls } from './heavy-calls.ts';
import { createLastUsed } from './last-used.ts';
import { createOpenedValues } from './opened-values.ts';
import { createReportRounds } from './report-rounds.ts';
import { createRounds } from './rounds.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createWaitingLines } from './waiting-lines.ts';
import { NO_WEBHOOKS, type WebhookSender } from './webhook-sender.ts';

/** What a context is made of: everything that varies, and two secrets that it keeps only as hashes. */
export interface ContextParts
  extends Pick<
    Context,
    'store' | 'clock' | 'newId' | 'randomBytes' | 'sealer' | 'tokenPrefix' | 'after' | 'log' | 'version'
  > {
  readonly rootToken: string;
  /** Absent: as `newId`. */
  readonly newRowId?: () => string;
  /** How many heavy calls may be under way at a time. */
  readonly heavyCallsMax: number;
  /** Absent: nothing is limited unless a consumer or an owner has a number. */
  readonly credits?: CreditSettings;
  readonly jwt?: JwtSettings;
  /** Absent: no other server is asked about tokens. */
  readonly foreignTokens?: ForeignTokenSettings;
  /** Absent: webhooks cannot be reached. */
  readonly webhookSender?: WebhookSender;
  /** 32 bytes; see `openSealing`. */
  readonly fingerprintKey: Uint8Array;
}

/** The domain over an open store. Whoever closes the store closes `directory` before it. */
export function createContext(given: ContextParts): Context {
  const { rootToken, fingerprintKey, heavyCallsMax, credits, jwt, foreignTokens, ...parts } = given;
  const { store, clock, log } = parts;
  const directory = createDirectory(store, clock);
  const webhookSender = given.webhookSender ?? NO_WEBHOOKS;
  const jwtSettings = jwt ?? DEFAULT_JWT_SETTINGS;
  const signingKeys = createSigningKeys({ ...parts, directory, rotationMs: jwtSettings.rotationMs });
  return {
    ...parts,
    newRowId: given.newRowId ?? given.newId,
    rootTokenHash: tokenHash(rootToken),
    fingerprint: createFingerprint(fingerprintKey),
    directory,
    credits: createCredits({ store, directory, clock, log, settings: credits ?? DEFAULT_CREDIT_SETTINGS }),
    rounds: createRounds(parts.store, { monotonicMs: parts.clock.monotonicMs }),
    waitingLines: createWaitingLines(parts),
    availabilityWatches: createAvailabilityWatches(parts),
    reportRounds: createReportRounds(parts.store, parts.clock.monotonicMs),
    openedValues: createOpenedValues(parts.sealer),
    lastUsed: createLastUsed(parts.store),
    jwts: createAccessTokens(signingKeys, jwtSettings, store.now),
    foreignTokens: foreignTokens === undefined ? null : createForeignTokens(foreignTokens, parts),
    webhookSender,
    alerts: createAlerts({ ...parts, directory, webhookSender }),
    heavyCalls: createHeavyCalls({ max: heavyCallsMax, after: parts.after }),
    startedAtMonotonicMs: parts.clock.monotonicMs(),
  };
}
