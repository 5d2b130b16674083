/** Counts what is under way, by whose it is; who has nothing under way takes no room. */
export interface UnderWay {
  readonly of: (whose: string) => number;
  readonly enter: (whose: string) => void;
  readonly leave: (whose: string) => void;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();
  const of = (whose: string): number => counts.get(whose) ?? 0;
  return {
    of,
    enter: (whose) => {
      counts.set(whose, of(whose) + 1);
    },
    leave: (whose) => {
      const left = of(whose) - 1;
      if (left > 0) counts.set(whose, left);
      else counts.delete(whose);
    },
  };
}
