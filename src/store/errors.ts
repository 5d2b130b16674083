/**
 * What a store can refuse. `exists`: a unique value is taken; `not-found`: no such row; `no-group`: the quota group that a
 * key names is not there; `no-tier`: the tier that it is to go to is not; `not-empty`: something still depends on it;
 * `unavailable`: out of reach, or not known to be durable (safe to try again).
 */
export type StoreErrorKind = 'exists' | 'not-found' | 'no-group' | 'no-tier' | 'not-empty' | 'unavailable';

/** The only error an adapter lets out of a call; driver errors stay inside as `cause`. */
export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** Which of several rows given together was refused, where that is known; else null. */
  readonly index: number | null;

  constructor(
    kind: StoreErrorKind,
    message: string,
    options: { readonly cause?: unknown; readonly index?: number } = {},
  ) {
    super(message, options);
    this.name = 'StoreError';
    this.kind = kind;
    this.index = options.index ?? null;
  }
}

/** A store that cannot be opened: wrong kind of server, newer schema, file in use. The message says what to do. */
export class StoreOpenError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StoreOpenError';
  }
}
