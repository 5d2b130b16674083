/**
 * What one draw moves a key's rank by. A rank is a moment of its queue's virtual time (start-time fair queueing: Goyal,
 * Vin and Cheng, 1996): the key with the lowest one is next, so keys that stand ready get the same number of draws,
 * however many of them are made at once.
 */
export const STRIDE = 1000;
/** Where virtual time begins: after the ranks of all keys that were never drawn. Draws end at 2^53. */
export const TURN_MIN = 2 ** 51;

/** How a key moves along its queue with its draws. Turns and levels are moments of virtual time: whole numbers. */
export interface Pace {
  /** How many draws begin before `level`, made one after another by a key that stands at `turn`. */
  readonly upTo: (turn: number, level: number) => number;
  /** Where a key that stands at `turn` goes on after so many draws. */
  readonly after: (turn: number, draws: number) => number;
  /** What one draw moves it by, on the average. */
  readonly step: number;
}

/** Every draw moves by `step`, a whole number. */
export function evenPace(step: number): Pace {
  return {
    upTo: (turn, level) => (level > turn ? Math.ceil((level - turn) / step) : 0),
    after: (turn, draws) => turn + draws * step,
    step,
  };
}

export const PLAIN_PACE = evenPace(STRIDE);

/**
 * `weight` draws (1 to `STRIDE`) in each stride of virtual time, exactly: they begin at fixed moments of it, as evenly
 * spread as whole numbers allow (stride scheduling: Waldspurger and Weihl, 1995).
 */
export function weightedPace(weight: number): Pace {
  // The number, counted from TURN_MIN, of the first moment at `turn` or later.
  const indexOf = (turn: number): number => {
    const since = Math.max(0, turn - TURN_MIN);
    const within = since % STRIDE;
    return ((since - within) / STRIDE) * weight + Math.ceil((within * weight) / STRIDE);
  };
  const momentOf = (index: number): number => {
    const within = index % weight;
    return TURN_MIN + ((index - within) / weight) * STRIDE + Math.floor((within * STRIDE) / weight);
  };
  return {
    upTo: (turn, level) => Math.max(0, indexOf(level) - indexOf(turn)),
    after: (turn, draws) => momentOf(indexOf(turn) + draws),
    step: STRIDE / weight,
  };
}

/**
 * How many of `draws` each key gets whose turns are these, ascending: as if they were made one after another, each by the
 * key whose turn is lowest then (the first of equals). `paces`: of each key; without any, each draw moves by a stride.
 */
export function sharesOf(
  turns: readonly number[],
  draws: number,
  paces: readonly Pace[] = turns.map(() => PLAIN_PACE),
): number[] {
  const first = turns[0];
  if (first === undefined) return [];
  if (turns.length === 1) return [draws];
  const upTo = (level: number): number[] => turns.map((turn, i) => paces[i]?.upTo(turn, level) ?? 0);
  const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);
  const step = paces.reduce((most, pace) => Math.max(most, pace.step), STRIDE);
  let [low, high] = [first, first + draws * step];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (total(upTo(middle)) >= draws) high = middle;
    else low = middle;
  }
  const shares = upTo(high);
  const below = upTo(high - 1);
  // The last draws begin just below the level: of keys that make one there, the later ones go without.
  let surplus = total(shares) - draws;
  for (let i = turns.length - 1; surplus > 0 && i >= 0; i -= 1) {
    if (shares[i] === below[i]) continue;
    shares[i] = (shares[i] ?? 0) - 1;
    surplus -= 1;
  }
  return shares;
}
