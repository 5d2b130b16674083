import type { AdminEvent } from '../../model/audit.ts';
import type { SigningKey } from '../../model/signing-key.ts';
import type { DeniedSubject, KeptToken } from '../../model/subject.ts';
import type { Edit, Page, PageRequest } from './paging.ts';

export interface IdentityStore {
  /** All there are, ordered by `signFrom`; private keys as sealed. */
  readonly listSigningKeys: () => Promise<readonly SigningKey[]>;
  /** Stores a key unless there is one that `follows` the same; false then. */
  readonly addSigningKey: (key: SigningKey) => Promise<boolean>;
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
