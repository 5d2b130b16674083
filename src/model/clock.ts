/** Where time comes from; given to whoever needs it, so that tests can step it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump in both directions. */
  readonly nowMs: () => number;
  /** Milliseconds since an arbitrary moment; never steps back. */
  readonly monotonicMs: () => number;
}
