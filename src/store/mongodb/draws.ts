import type { DrawStore } from '../port.ts';
import { availability } from './availability.ts';
import type { DrawContext } from './draw-context.ts';
import { drawRound } from './draw-round.ts';
import { atEdge } from './driver-errors.ts';
import { quarantineKey } from './quarantine-key.ts';
import { recoverOpenTakes } from './recovery.ts';
import { withhold } from './usage-events.ts';

/** One makes its takes while others are recorded; with more of them each is smaller, and a draw costs more. */
const ROUNDS_MAX = 2;

export function createDraws(context: DrawContext): DrawStore {
  return {
    drawRound: (draws, chosen) => atEdge(() => drawRound(context, draws, chosen)),
    roundsMax: ROUNDS_MAX,
    withhold: (drawIds) => atEdge(() => withhold(context, drawIds)),
    quarantineKey: (keyId, value, reason) => atEdge(() => quarantineKey(context, keyId, value, reason)),
    availability: (queues, cap) => atEdge(() => availability(context, queues, cap)),
    recoverOpenTakes: (limit) => atEdge(() => recoverOpenTakes(context, limit)),
  };
}
