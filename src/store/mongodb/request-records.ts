import { MongoError } from 'mongodb';
import { type ClaimFate, claimFates } from './claim-fates.ts';
import type { RequestDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';

/*
 * A request id is claimed before its draw takes anything, so that of racing calls one takes; named once the take is
 * known, before the audit row; and given up when nothing was drawn.
 */

/** How long a request id is remembered, in ms. */
const REQUEST_TTL_MS = 600_000;

/** What a caller's request id stands for, and which of its calls asks: `claim` is unique among them. */
export interface Claim {
  readonly key: string;
  readonly fingerprint: string;
  readonly claim: string;
}

/** Claims request ids; fates in the order of the claims. */
export async function claimRequests(context: MongoContext, claims: readonly Claim[]): Promise<ClaimFate[]> {
  const at = storeNow(context);
  const documents = claims.map(({ key, fingerprint, claim }) => ({
    _id: key,
    fingerprint,
    claim,
    draw: null,
    at,
    expireAt: new Date(at + REQUEST_TTL_MS),
  }));
  return claimFates(claims.length, () => context.rows.requests.insertMany(documents, { ordered: false }));
}

/** Records by request key; those that are over are forgotten and not among them. */
export async function findRequests(
  context: MongoContext,
  keys: readonly string[],
): Promise<Map<string, RequestDocument>> {
  if (keys.length === 0) return new Map();
  const found = await context.rows.requests.find({ _id: { $in: [...keys] } }).toArray();
  const now = storeNow(context);
  const over = found.filter((record) => record.expireAt.getTime() <= now);
  await Promise.all(over.map((record) => dropRequest(context, record)));
  return new Map(found.filter((record) => !over.includes(record)).map((record) => [record._id, record]));
}

/** The draw that a claimed request id was served with, taken at the store's moment `at` (ms). */
export interface Naming extends Pick<Claim, 'key' | 'claim'> {
  readonly draw: string;
  readonly at: number;
}

/** Names the draws of claimed request ids; fates by draw id, `theirs` where another call has taken the claim over. */
export async function nameDraws(
  { rows }: MongoContext,
  namings: readonly Naming[],
): Promise<Map<string, ClaimFate>> {
  const all = (fate: ClaimFate) => new Map(namings.map(({ draw }) => [draw, fate]));
  if (namings.length === 0) return all('ours');
  try {
    const { matchedCount } = await rows.requests.bulkWrite(
      namings.map(({ key, claim, draw, at }) => ({
        updateOne: { filter: { _id: key, claim, draw: null }, update: { $set: { draw, at } } },
      })),
      { ordered: false },
    );
    if (matchedCount === namings.length) return all('ours');
    const stored = await rows.requests
      .find({ _id: { $in: namings.map(({ key }) => key) } }, { readConcern: { level: 'majority' } })
      .toArray();
    const named = new Set(stored.map(({ draw }) => draw));
    return new Map(namings.map(({ draw }) => [draw, named.has(draw) ? 'ours' : 'theirs']));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return all('unknown');
  }
}

/** Gives up claims that name no draw. */
export async function releaseClaims(
  { rows }: MongoContext,
  claims: readonly Pick<Claim, 'key' | 'claim'>[],
): Promise<void> {
  if (claims.length === 0) return;
  await rows.requests.deleteMany({ $or: claims.map(({ key, claim }) => ({ _id: key, claim, draw: null })) });
}

/** Forgets a request id, if its record still says what was read. */
export async function dropRequest(
  { rows }: MongoContext,
  { _id, claim, draw }: Pick<RequestDocument, '_id' | 'claim' | 'draw'>,
): Promise<void> {
  await rows.requests.deleteOne({ _id, claim, draw });
}

/**
 * Notes that the record's draw is about to be handed out to a retry, for a take at `at`: from then on it is not withheld
 * any more. False when the record is gone, or its draw is being withheld.
 */
export async function keepRequest(
  { rows }: MongoContext,
  key: string,
  draw: string,
  at: number,
): Promise<boolean> {
  const noted = { $max: { at }, $set: { replayed: true as const } };
  const named = { _id: key, draw, withheld: { $exists: false } };
  return (await rows.requests.updateOne(named, noted)).matchedCount === 1;
}

/** Marks records whose draw is to be withheld, but for those that a retry was handed out; gives the latter's draws. */
export async function beginWithholding(
  { rows }: MongoContext,
  records: readonly Pick<Naming, 'key' | 'draw'>[],
): Promise<ReadonlySet<string>> {
  if (records.length === 0) return new Set();
  await rows.requests.bulkWrite(
    records.map(({ key, draw }) => ({
      updateOne: {
        filter: { _id: key, draw, replayed: { $exists: false } },
        update: { $set: { withheld: true as const } },
      },
    })),
    { ordered: false },
  );
  const kept = await rows.requests
    .find(
      { $or: records.map(({ key, draw }) => ({ _id: key, draw, replayed: true })) },
      { readConcern: { level: 'majority' } },
    )
    .project<Pick<RequestDocument, 'draw'>>({ draw: 1 })
    .toArray();
  return new Set(kept.flatMap(({ draw }) => draw ?? []));
}

/** Forgets records whose draw has been withheld. */
export async function endWithholding(
  { rows }: MongoContext,
  records: readonly Pick<Naming, 'key' | 'draw'>[],
): Promise<void> {
  if (records.length === 0) return;
  await rows.requests.deleteMany({
    $or: records.map(({ key, draw }) => ({ _id: key, draw, withheld: true })),
  });
}
