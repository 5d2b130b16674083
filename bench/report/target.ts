/** What a figure must hold (`floor`), and what is aimed at (`goal`). */
export interface Target {
  readonly is: 'at least' | 'at most';
  readonly floor: number;
  readonly goal: number | null;
}

/** The columns of {@link targetCells}. */
export const TARGET_HEAD = ['floor · goal', 'held'];

/** The target and whether the value holds it: `goal`, `floor` or `no`; both empty without a target. */
export function targetCells(value: number | null, target: Target | null): string[] {
  if (value === null || target === null) return ['', ''];
  const { is, floor, goal } = target;
  const sign = is === 'at least' ? '≥' : '≤';
  const wanted = goal === null ? `${sign} ${floor}` : `${sign} ${floor} · ${goal}`;
  const holds = (bound: number): boolean => (is === 'at least' ? value >= bound : value <= bound);
  if (goal !== null && holds(goal)) return [wanted, 'goal'];
  if (!holds(floor)) return [wanted, '**no**'];
  return [wanted, goal === null ? 'yes' : 'floor'];
}
