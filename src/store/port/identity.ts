import type { AdminEvent } from '../../model/audit.ts';
import type { SigningKey } from '../../model/signing-key.ts';
import type { DeniedSubject, KeptToken } from '../../model/subject.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

/** A new signing key, and what becomes of all the others. */
export interface SigningKeyReplacement {
  /** It `follows` the last of the others, if there is any, and signs from now on. */
  readonly key: SigningKey;
  /** True: the others are deleted. False: they sign until `key.signFrom` at most, and stay. */
  readonly isAlone: boolean;
  readonly event: AdminEvent;
}

export interface IdentityStore {
  /** All there are, ordered by `signFrom`; private keys as sealed. */
  readonly listSigningKeys: () => Promise<readonly SigningKey[]>;
  /** Stores a key unless there is one that `follows` the same; false then. Announced as a change of the signing keys. */
  readonly addSigningKey: (key: SigningKey) => Promise<boolean>;
  /**
   * Stores the key that `make` makes of all there are, in their order, and deals with those as it says, at once: nobody
   * finds the list without a key. Announced as a change of the signing keys. Error: `exists`, where another key
   * `follows` the same.
   */
  readonly replaceSigningKeys: (
    make: (keys: readonly SigningKey[]) => SigningKeyReplacement,
  ) => Promise<void>;
  /** Puts another sealed text in the place of this one; false when the key is gone or has another text. */
  readonly resealSigningKey: (id: string, from: string, to: string) => Promise<boolean>;
  /** Deletes keys that signed until before `before` (ms). */
  readonly deleteSigningKeys: (before: number) => Promise<void>;
  /** Null when there is none, or its time is over. */
  readonly findKeptToken: (key: string) => Promise<KeptToken | null>;
  /** In the place of one with the same key. */
  readonly keepToken: (token: KeptToken) => Promise<void>;
  /** Deletes those whose time is over, `limit` at most; returns how many. */
  readonly deleteExpiredTokens: (limit: number) => Promise<number>;
  readonly findDenial: (subject: string) => Promise<DeniedSubject | null>;
  /** `edit` gets the denial as it stands, or null. Announced as a change of the subject. */
  readonly denySubject: (
    subject: string,
    edit: (denial: DeniedSubject | null) => Edit<DeniedSubject>,
  ) => Promise<DeniedSubject>;
  /** Errors: `not-found`. Announced as a change of the subject. */
  readonly allowSubject: (subject: string, check: (denial: DeniedSubject) => AdminEvent) => Promise<void>;
  /** Ordered by subject. */
  readonly listDeniedSubjects: (page: PageRequest) => Promise<Page<DeniedSubject>>;
}
