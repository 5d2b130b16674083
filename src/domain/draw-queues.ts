import type { DrawQueue } from '../model/round.ts';
import { mostAtOnce, type Tier } from '../model/tier.ts';
import { isAdmin } from './authorize.ts';
import type { Context, Identity } from './context.ts';
import { KeypoolError } from './errors.ts';
import { queueOf, sharedList } from './queue-lists.ts';

/** What was found for one feature, and the tiers in which it was. */
interface Offer {
  readonly tiers: readonly Tier[];
  readonly queues: readonly DrawQueue[];
}

/** By the list it was found in: granted ids as read, or all tiers. Then by feature and by the tier named. */
const offers = new WeakMap<object, Map<string, Map<string | null, Offer>>>();

function remember(owner: object, feature: string, tierId: string | null, offer: Offer): void {
  const ofOwner = offers.get(owner) ?? new Map<string, Map<string | null, Offer>>();
  const ofFeature = ofOwner.get(feature) ?? new Map<string | null, Offer>();
  offers.set(owner, ofOwner.set(feature, ofFeature.set(tierId, offer)));
}

/** The ids of the tiers that it may draw from; null for who may from every tier. */
function grantsOf(identity: Identity): readonly string[] | null {
  if (identity.kind === 'subject') return identity.tiers;
  return identity.kind === 'root' || isAdmin(identity) ? null : identity.consumer.grantedTierIds;
}

/** The tiers whose features an identity may draw: all for an admin, the granted ones for a consumer. */
async function tiersOf(context: Context, identity: Identity): Promise<readonly Tier[]> {
  const granted = grantsOf(identity);
  if (granted === null) return context.directory.allTiers();
  const tiers = await Promise.all(granted.map((id) => context.directory.tier(id)));
  return tiers.filter((tier) => tier !== null);
}

function notOffered(identity: Identity, feature: string, tierId: string | null): KeypoolError {
  const metadata: Record<string, string> = { feature };
  if (tierId !== null) metadata.tier_id = tierId;
  const where = tierId === null ? '' : ` in tier ${tierId}`;
  if (isAdmin(identity))
    return new KeypoolError(
      'FEATURE_NOT_FOUND',
      `No tier offers feature ${feature}${where}. Check the name, or add the feature to a tier.`,
      { metadata },
    );
  return new KeypoolError(
    'FEATURE_NOT_GRANTED',
    `None of your tiers offers feature ${feature}${where}. Ask an admin to grant a tier that has it.`,
    { metadata },
  );
}

/** True while these are the tiers that an identity is granted, as the directory knows them now. */
function areCurrent({ directory }: Context, ids: readonly string[], tiers: readonly Tier[]): boolean {
  let found = 0;
  for (const id of ids) {
    const tier = directory.known.tier(id);
    if (tier === null) continue;
    if (tier === undefined || tier !== tiers[found]) return false;
    found += 1;
  }
  return found === tiers.length;
}

/** What {@link drawQueues} would give, where that is known without a read; else undefined. */
export function knownQueues(
  context: Context,
  identity: Identity,
  feature: string,
  tierId: string | null,
): readonly DrawQueue[] | undefined {
  const granted = grantsOf(identity);
  const owner = granted ?? context.directory.known.allTiers();
  if (owner === undefined) return undefined;
  const offer = offers.get(owner)?.get(feature)?.get(tierId);
  if (offer === undefined || granted === null) return offer?.queues;
  return areCurrent(context, granted, offer.tiers) ? offer.queues : undefined;
}

/**
 * The queues that an identity may draw a feature from, in the order of its tiers; with `tierId`, that tier's only.
 * Errors: FEATURE_NOT_FOUND for an admin, FEATURE_NOT_GRANTED for a consumer.
 */
export async function drawQueues(
  context: Context,
  identity: Identity,
  feature: string,
  tierId: string | null,
): Promise<readonly DrawQueue[]> {
  const known = knownQueues(context, identity, feature, tierId);
  if (known !== undefined) return known;
  const tiers = await tiersOf(context, identity);
  const found: DrawQueue[] = [];
  for (const tier of tiers) {
    if (tierId !== null && tier.id !== tierId) continue;
    const offered = tier.features.find((candidate) => candidate.name === feature);
    if (offered !== undefined) found.push(queueOf(tier, offered));
  }
  if (found.length === 0) throw notOffered(identity, feature, tierId);
  const queues = sharedList(found);
  remember(grantsOf(identity) ?? tiers, feature, tierId, { tiers, queues });
  return queues;
}

/** Those queues whose limits can ever grant that many units at once. Error: UNITS_TOO_LARGE when there is none. */
export function queuesForUnits(queues: readonly DrawQueue[], units: number): readonly DrawQueue[] {
  const able = queues.every((queue) => units <= mostAtOnce(queue.limits))
    ? queues
    : queues.filter((queue) => units <= mostAtOnce(queue.limits));
  if (able.length > 0) return able;
  const most = Math.max(...queues.map(({ limits }) => mostAtOnce(limits)));
  const description = `must be at most ${most}, the largest limit of this feature; draw fewer units at a time`;
  throw new KeypoolError('UNITS_TOO_LARGE', `units: ${description}`, {
    metadata: { units_max: String(most) },
    violations: [{ field: 'units', description }],
  });
}
