import type { Drawn, DrawRequest, DrawResult } from '../store/port.ts';

/** What a draw ends with once it has been through as many rounds as it needs. */
export type RoundsResult = Drawn | Exclude<DrawResult, { readonly kind: 'drawn' | 'again' }>;

/** Gathers draws that arrive while a round is under way into the next. */
export interface Rounds {
  readonly draw: (request: DrawRequest) => Promise<RoundsResult>;
  /** Resolves when no draw is under way any more. */
  readonly idle: () => Promise<void>;
}
