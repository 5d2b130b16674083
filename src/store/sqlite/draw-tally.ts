/** Draws of one subject in one hour. */
export interface Tallied {
  readonly hour: number;
  readonly subject: number;
  draws: number;
  units: number;
  lastAt: number;
}

/**
 * Draws that were written and are in no sums yet, counted in memory: of all after the number `since`. It saves reading
 * them again; without it they are counted from their rows.
 */
export interface DrawTally {
  readonly add: (hour: number, subject: number, units: number, at: number) => void;
  /** What was counted when that is all after `since`; null otherwise. */
  readonly allSince: (since: number) => readonly Tallied[] | null;
  /** Counts from now on: everything up to `since` is elsewhere. */
  readonly begin: (since: number) => void;
  /** Forgets what was counted, and counts nothing until it begins again. */
  readonly forget: () => void;
}

export function createDrawTally(since: number): DrawTally {
  let begunAt: number | null = since;
  let hours = new Map<number, Map<number, Tallied>>();
  const hourOf = (hour: number): Map<number, Tallied> => {
    const known = hours.get(hour);
    if (known !== undefined) return known;
    const subjects = new Map<number, Tallied>();
    hours.set(hour, subjects);
    return subjects;
  };
  return {
    add: (hour, subject, units, at) => {
      if (begunAt === null) return;
      const subjects = hourOf(hour);
      const sum = subjects.get(subject);
      if (sum === undefined) {
        subjects.set(subject, { hour, subject, draws: 1, units, lastAt: at });
        return;
      }
      sum.draws += 1;
      sum.units += units;
      if (at > sum.lastAt) sum.lastAt = at;
    },
    allSince: (from) =>
      from === begunAt ? [...hours.values()].flatMap((subjects) => [...subjects.values()]) : null,
    begin: (from) => {
      begunAt = from;
      hours = new Map();
    },
    forget: () => {
      begunAt = null;
      hours = new Map();
    },
  };
}
