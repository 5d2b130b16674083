import type { Passage } from './link.ts';
import type { Troubles } from './planned-incidents.ts';
import type { Random } from './random.ts';

const EASY: Pick<Passage, 'heldUpMs' | 'loses' | 'breaksAfterMs'> = {
  heldUpMs: 0,
  loses: 'nothing',
  breaksAfterMs: null,
};

/** How often a connection to a primary that is cut off breaks. */
const BREAKS_WHEN_SHAKY = 0.4;

/** Chooses what happens to the next command; `isShaky`: the primary is cut off from the others. */
export function passageOf(random: Random, troubles: Troubles | null, isShaky: boolean): Passage {
  const requestMs = random.between(0.1, 1.2);
  const replyMs = random.between(0.1, 1.2);
  if (troubles === null) return { requestMs, replyMs, ...EASY };
  const slowMs = (): number => {
    if (random.chance(troubles.verySlow)) return random.between(500, random.pick([3000, 20_000]));
    return random.chance(troubles.slow) ? random.between(10, 400) : 0;
  };
  return {
    requestMs: requestMs + slowMs(),
    replyMs: replyMs + slowMs(),
    heldUpMs: random.chance(troubles.heldUp) ? random.between(1, random.pick([100, 1500])) : 0,
    loses: losesOf(random, troubles),
    breaksAfterMs: random.chance(isShaky ? BREAKS_WHEN_SHAKY : troubles.breaks)
      ? random.between(0.1, random.pick([2, 300]))
      : null,
  };
}

function losesOf(random: Random, { losesRequest, losesReply }: Troubles): Passage['loses'] {
  if (random.chance(losesRequest)) return 'request';
  return random.chance(losesReply) ? 'reply' : 'nothing';
}
