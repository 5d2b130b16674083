import { createFingerprint } from '../model/fingerprint.ts';
import { tokenHash } from '../model/token.ts';
import type { Context } from './context.ts';
import { createDirectory } from './directory.ts';
import { createLastUsed } from './last-used.ts';
import { createOpenedValues } from './opened-values.ts';
import { createRounds } from './rounds.ts';

/** What a context is made of: everything that varies, and two secrets that it keeps only as hashes. */
export interface ContextParts
  extends Pick<
    Context,
    'store' | 'clock' | 'newId' | 'randomBytes' | 'sealer' | 'tokenPrefix' | 'log' | 'version'
  > {
  readonly rootToken: string;
  /** 32 bytes; see `openSealing`. */
  readonly fingerprintKey: Uint8Array;
}

/** The domain over an open store. Whoever closes the store closes `directory` before it. */
export function createContext({ rootToken, fingerprintKey, ...parts }: ContextParts): Context {
  return {
    ...parts,
    rootTokenHash: tokenHash(rootToken),
    fingerprint: createFingerprint(fingerprintKey),
    directory: createDirectory(parts.store, parts.clock),
    rounds: createRounds(parts.store, { monotonicMs: parts.clock.monotonicMs }),
    openedValues: createOpenedValues(parts.sealer),
    lastUsed: createLastUsed(parts.store),
    startedAtMonotonicMs: parts.clock.monotonicMs(),
  };
}
