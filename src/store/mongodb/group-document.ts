import type { QuotaGroup } from '../../model/quota-group.ts';
import { fromStoredBudget, type StoredBudget, toStoredBudget } from './key-document.ts';

/** A quota group's row. */
export interface GroupDocument extends Omit<QuotaGroup, 'id' | 'budgets'> {
  readonly _id: string;
  readonly budgets: readonly StoredBudget[];
  /** Which write changed the row last, unique to it: who read it changes the row on the condition that it is there still. */
  readonly turn: string;
  /** The writes before, the newest first. */
  readonly earlierTurns: readonly string[];
  /** The earliest end of its open takes; absent without one. */
  readonly openEnd?: number;
  /** It has units since this write that its keys may not know of: whoever finds it so lets them try. */
  readonly wakes?: string;
  /** Counts writes that only serialise with others on this row; it means nothing else. */
  readonly touches?: number;
}

/** Writes that a row still tells of. */
const EARLIER_MAX = 8;

/** The fields of a row after the write `turn`, but for its id. */
export function groupFields(
  { id: _id, ...group }: QuotaGroup,
  turn: string,
  before: Pick<GroupDocument, 'turn' | 'earlierTurns'> | null,
) {
  const { budgets, open } = group;
  return {
    ...group,
    budgets: budgets.map(toStoredBudget),
    turn,
    earlierTurns: before === null ? [] : [before.turn, ...before.earlierTurns].slice(0, EARLIER_MAX),
    ...(open.length > 0 ? { openEnd: Math.min(...open.map(({ end }) => end)) } : {}),
  };
}

export function fromGroupDocument(row: GroupDocument): QuotaGroup {
  return {
    id: row._id,
    description: row.description,
    limits: row.limits,
    meters: row.meters,
    budgets: row.budgets.map(fromStoredBudget),
    epoch: row.epoch,
    open: row.open,
    takenAt: row.takenAt,
    applied: row.applied,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
