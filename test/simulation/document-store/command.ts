import type { Draft } from './draft.ts';
import type { Member } from './member.ts';

/** A command as the server gets it. A step may run again when another holds a row that it writes. */
export interface Command {
  /** For the trace. */
  readonly name: string;
  readonly kind: 'read' | 'majority-read' | 'linearizable-read' | 'write';
  readonly maxTimeMs?: number | undefined;
  /** A write that is answered as soon as it is carried out, before a majority has it. */
  readonly unconfirmed?: boolean | undefined;
  readonly transaction?: Transaction | undefined;
  /** Carried out one after another; others may come between two of them. */
  readonly steps: readonly ((rows: Draft, now: Date) => unknown)[];
  /** The command's value from those of its steps. */
  readonly combine: (values: readonly unknown[]) => unknown;
}

/** `election`: of the primary that carried it out; `unconfirmed`: carried out, without a majority's word; `cut`: the connection ended. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown; readonly election?: string }
  | { readonly kind: 'unconfirmed'; readonly value: unknown; readonly code: number }
  | { readonly kind: 'failed'; readonly code: number; readonly labels?: readonly string[] }
  | { readonly kind: 'cut' };

/** Writes of several commands that are stored together at its commit. */
export interface Transaction {
  readonly id: string;
  member: Member | null;
  draft: Draft | null;
  startedAt: number;
  isOver: boolean;
}

/** The server's codes of errors. */
export const CODES = { maxTimeExpired: 50, writeConflict: 112, noSuchTransaction: 251, steppedDown: 11602 };
