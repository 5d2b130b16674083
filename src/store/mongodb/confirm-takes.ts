import { MongoError } from 'mongodb';
import { named } from './change-keys.ts';
import type { MongoContext } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import type { KeyDocument } from './key-document.ts';
import type { Taken } from './round-steps.ts';
import { CONFIRMED_READ } from './send-take.ts';

/*
 * A take that its round's audit follows need not wait for a majority: the audit's row is written after it by the same
 * primary, and what a majority has of a primary's log it has with all that stands before it. So when a majority has the
 * audit, and no other primary was elected since before the take was sent, it has the take. Else the take is looked for.
 */

/** The election of the primary that wrote the last audit; null before the first, and after one of which that is not known. */
export interface LastAudit {
  election: string | null;
}

/**
 * The election in which takes are to happen that need not wait for a majority; null where they wait: the primary is not
 * the one that the last audit was confirmed by, or nothing has been confirmed by any.
 */
export function electionOfTakes({ lastAudit, election }: DrawContext): string | null {
  return lastAudit.election === election() ? lastAudit.election : null;
}

/** After so long, in ms, the same server may have been elected again, unheard, and have lost takes in between. */
const AUDIT_WITHIN_MS = 2000;

/** Takes that were looked for. */
export interface Looked {
  /** A majority has them. */
  readonly told: ReadonlySet<Taken>;
  /** No majority tells of them, and none or another primary is known for their audit: not to be put on record. */
  readonly lost: ReadonlySet<Taken>;
}

const NOT_LOOKED: Looked = { told: new Set(), lost: new Set() };

/** Before the audit: looks for takes where it may not confirm all of them. */
export async function lookBeforeAudit(context: DrawContext, takes: readonly Taken[]): Promise<Looked> {
  const waited = context.options.clock.monotonicMs() - AUDIT_WITHIN_MS;
  const isOfNow = (take: Taken) => take.election === context.election();
  const unconfirmed = takes.filter(({ election }) => election !== null);
  if (unconfirmed.every((take) => isOfNow(take) && take.sentAt > waited)) return NOT_LOOKED;
  const told = await confirmedTakes(context, unconfirmed);
  return { told, lost: new Set(unconfirmed.filter((take) => !told.has(take) && !isOfNow(take))) };
}

/** After the audit, which was written in this `election`: the takes that neither it nor a look confirms. */
export async function lookAfterAudit(
  context: MongoContext,
  takes: readonly Taken[],
  { told }: Looked,
  election: string | null,
): Promise<ReadonlySet<Taken>> {
  const unconfirmed = takes.filter(
    (take) => take.election !== null && take.election !== election && !told.has(take),
  );
  if (unconfirmed.length === 0) return NOT_LOOKED.lost;
  const there = await confirmedTakes(context, unconfirmed);
  return new Set(unconfirmed.filter((take) => !there.has(take)));
}

type Trace = Pick<KeyDocument, '_id' | 'open'> & {
  readonly took?: { readonly take: string };
  readonly earlier?: readonly { readonly take: string }[];
};

/** The takes among these that a majority has; one that its row does not tell of any more is not among them. */
async function confirmedTakes(
  { rows }: Pick<MongoContext, 'rows'>,
  takes: readonly Taken[],
): Promise<ReadonlySet<Taken>> {
  try {
    const found = await rows.keys
      .find(named(takes), CONFIRMED_READ)
      .project<Trace>({ 'took.take': 1, 'earlier.take': 1, 'open.take': 1 })
      .hint({ _id: 1 })
      .batchSize(takes.length + 1)
      .toArray();
    const rowOf = new Map(found.map((row) => [row._id, row]));
    return new Set(takes.filter(({ keyId, row }) => tellsOf(rowOf.get(keyId), row.took.take)));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return new Set();
  }
}

function tellsOf(row: Trace | undefined, take: string): boolean {
  if (row === undefined) return false;
  const { took, earlier = [], open } = row;
  return took?.take === take || [...earlier, ...open].some((one) => one.take === take);
}
