import type { DrawQueue } from '../model/round.ts';
import { type Feature, queueName, type Tier } from '../model/tier.ts';

/** Lists by what they begin with. Weak: a list goes with the tiers that it was made of. */
interface Node {
  list: readonly DrawQueue[] | null;
  readonly longer: WeakMap<DrawQueue, Node>;
}

const queues = new WeakMap<Feature, DrawQueue>();
const empty: Node = { list: null, longer: new WeakMap() };

/** The queue of a tier's feature: the same object each time, for as long as the tier is known as it is. */
export function queueOf({ id, policy, revision }: Tier, feature: Feature): DrawQueue {
  const known = queues.get(feature);
  if (known?.tierId === id && known.revision === revision) return known;
  const queue = { tierId: id, queue: queueName(id, feature.name), limits: feature.limits, policy, revision };
  queues.set(feature, queue);
  return queue;
}

function longerBy(node: Node, queue: DrawQueue): Node {
  const known = node.longer.get(queue);
  if (known !== undefined) return known;
  const next = { list: null, longer: new WeakMap() };
  node.longer.set(queue, next);
  return next;
}

/** One list for the same queues, so that it shows at a glance which draws of a round may be served by the same keys. */
export function sharedList(wanted: readonly DrawQueue[]): readonly DrawQueue[] {
  const node = wanted.reduce(longerBy, empty);
  node.list ??= wanted;
  return node.list;
}
