/** Units used at one moment, which may have been any of these (ms). */
export interface Use {
  readonly units: number;
  readonly moments: readonly number[];
}

/**
 * The most units in any window of this length, wherever it ends, and where it does. The window has its end and not its
 * beginning; a use counts when any of its moments is in it.
 */
export function mostInWindow(uses: readonly Use[], windowMs: number): { units: number; at: number } {
  let most = { units: 0, at: 0 };
  if (windowMs <= 0) return most;
  for (const at of uses.flatMap(({ moments }) => moments)) {
    const inside = uses.filter(({ moments }) =>
      moments.some((moment) => moment <= at && moment > at - windowMs),
    );
    const units = inside.reduce((sum, use) => sum + use.units, 0);
    if (units > most.units) most = { units, at };
  }
  return most;
}

/** The most units in any chain of uses that follow each other within `gapMs`. */
export function mostInChain(
  rows: readonly { readonly at: number; readonly units: number }[],
  gapMs: number,
): { units: number; at: number } {
  let most = { units: 0, at: 0 };
  let chain = { units: 0, at: -Infinity };
  for (const { at, units } of rows.toSorted((a, b) => a.at - b.at)) {
    chain = { units: at - chain.at <= gapMs ? chain.units + units : units, at };
    if (chain.units > most.units) most = chain;
  }
  return most;
}

/** The uses in the moments at which one draw was handed out: what comes within `sameMs` of the first is the same one. */
export function usesOf(moments: readonly number[], units: number, sameMs: number): Use[] {
  const uses: { readonly units: number; readonly moments: number[] }[] = [];
  for (const moment of moments.toSorted((a, b) => a - b)) {
    const last = uses.at(-1);
    if (last !== undefined && moment - (last.moments[0] ?? 0) <= sameMs) last.moments.push(moment);
    else uses.push({ units, moments: [moment] });
  }
  return uses;
}
