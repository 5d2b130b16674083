import type { UsageRecord } from '../../model/audit.ts';
import type { CreditPool, PoolStanding } from '../../model/credit.ts';
import { type ClaimFate, claimFates } from './claim-fates.ts';
import { type MongoContext, storeNow } from './context.ts';

/** A pool of a claimed charge, and which run of the take the charge is in it. */
export type ClaimedPool = CreditPool & { readonly run: number };

/**
 * Which charge a caller's request id stands for. Written before anything is charged for it, so that of racing calls one
 * charges, and naming the take, so that a retry can look up what became of it.
 */
export interface ChargedRequestDocument {
  /** The charge's idempotency key. */
  readonly _id: string;
  readonly fingerprint: string;
  /** The take of its round; unique to the call that made the record. */
  readonly take: string;
  readonly cost: number;
  readonly pools: readonly ClaimedPool[];
  /** What goes on record with it; null for nothing. */
  readonly event: UsageRecord | null;
  /** The store's moment of the claim, in ms. */
  readonly at: number;
  /** What was answered: it is charged, and its event durable. Null until then. */
  readonly answer: { readonly at: number; readonly pools: readonly PoolStanding[] } | null;
  readonly expireAt: Date;
}

/** How long a request id stands for its charge, in ms. */
const KEPT_MS = 600_000;

export type ChargeClaim = Omit<ChargedRequestDocument, 'at' | 'answer' | 'expireAt'>;

/** Claims request ids; fates in the order of the claims. */
export async function claimCharges(
  context: MongoContext,
  claims: readonly ChargeClaim[],
): Promise<ClaimFate[]> {
  const at = storeNow(context);
  const expireAt = new Date(at + KEPT_MS);
  const documents = claims.map((claim) => ({ ...claim, at, answer: null, expireAt }));
  return claimFates(claims.length, () =>
    context.rows.chargedRequests.insertMany(documents, { ordered: false }),
  );
}

/** Records by key, as a majority has them. */
export async function findCharges(
  { rows }: MongoContext,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ChargedRequestDocument>> {
  if (keys.length === 0) return new Map();
  const found = await rows.chargedRequests
    .find({ _id: { $in: [...keys] } }, { readConcern: { level: 'majority' } })
    .toArray();
  return new Map(found.map((record) => [record._id, record]));
}

/** Notes what claimed charges were answered with. Rejects where it is not known whether that is stored. */
export async function answerCharges(
  { rows }: MongoContext,
  answers: readonly {
    readonly key: string;
    readonly take: string;
    readonly answer: ChargedRequestDocument['answer'];
  }[],
): Promise<void> {
  if (answers.length === 0) return;
  await rows.chargedRequests.bulkWrite(
    answers.map(({ key, take, answer }) => ({
      updateOne: { filter: { _id: key, take, answer: null }, update: { $set: { answer } } },
    })),
    { ordered: false },
  );
}

/** Gives up claims of a take for which nothing was charged. One that stays is taken over when it is overdue. */
export async function releaseCharges(
  { rows }: MongoContext,
  take: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await rows.chargedRequests.deleteMany({ _id: { $in: [...keys] }, take, answer: null });
}
