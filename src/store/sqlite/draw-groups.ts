import type { DrawGroup, DrawQueue } from '../../model/round.ts';
import type { DrawRequest } from '../port.ts';

/** Draws that may be served by the same keys, and where each stands in the round, in the order they came. */
export interface GroupedDraws {
  readonly group: DrawGroup;
  readonly members: readonly number[];
}

/** A queue list's text, remembered: draws that arrive together mostly share the list itself. */
function createQueuesText(): (queues: readonly DrawQueue[]) => string {
  const known = new Map<readonly DrawQueue[], string>();
  return (queues) => {
    let text = known.get(queues);
    if (text === undefined) {
      text = queues.map((source) => `${source.queue}@${source.revision}`).join();
      known.set(queues, text);
    }
    return text;
  };
}

/** Groups the draws at `indexes` by feature, units, queues and affinity. */
export function groupDraws(draws: readonly DrawRequest[], indexes: readonly number[]): GroupedDraws[] {
  const queuesText = createQueuesText();
  const groups = new Map<string, { readonly first: DrawRequest; readonly members: number[] }>();
  let last: { readonly first: DrawRequest; readonly members: number[] } | null = null;
  for (const index of indexes) {
    const draw = draws[index];
    if (draw === undefined) continue;
    if (last === null || !asksTheSame(last.first, draw)) {
      const name = `${draw.feature} ${draw.units} ${draw.affinity ?? ''} ${queuesText(draw.queues)}`;
      last = groups.get(name) ?? { first: draw, members: [] };
      groups.set(name, last);
    }
    last.members.push(index);
  }
  return [...groups.values()].map(({ first: { feature, units, queues, affinity }, members }) => ({
    group: { feature, units, queues, affinity, size: members.length },
    members,
  }));
}

/** True where it shows at a glance that two draws belong together. */
function asksTheSame(a: DrawRequest, b: DrawRequest): boolean {
  return a.queues === b.queues && a.units === b.units && a.feature === b.feature && a.affinity === b.affinity;
}
