import { budgetAlertKinds } from '../../model/alert.ts';
import type { AlertStore } from '../port.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { fromStoredBudget } from './key-document.ts';
import { QUARANTINED_INDEX } from './schema-3-alerts.ts';

type Looking = Pick<AlertStore, 'listQuarantined' | 'takeSpentKeys' | 'findSpentKeys'>;

const SHOWN = { tierId: 1, name: 1, budgets: 1 } as const;

/** What calls for alerts about keys. */
export function createSpentKeys({ rows, budgetWatch }: MongoContext): Looking {
  return {
    listQuarantined: (after, limit) =>
      atEdge(async () => {
        const found = await rows.keys
          .find({ state: 'quarantined', _id: { $gt: after } })
          .project<{
            _id: string;
            tierId: string;
            name: string;
            stateReason: string;
            health?: { readonly quarantinedAt: number | null };
          }>({ tierId: 1, name: 1, stateReason: 1, 'health.quarantinedAt': 1 })
          .sort({ _id: 1 })
          .hint(QUARANTINED_INDEX)
          .limit(limit)
          .toArray();
        return found.map(({ _id: id, tierId, name, stateReason, health }) => {
          return { id, tierId, name, stateReason, quarantinedAt: health?.quarantinedAt ?? null };
        });
      }),
    takeSpentKeys: budgetWatch.take,
    findSpentKeys: (after, limit) =>
      atEdge(async () => {
        const looked = await rows.keys
          .find({ _id: { $gt: after } }, { projection: SHOWN })
          .sort({ _id: 1 })
          .hint({ _id: 1 })
          .limit(limit)
          .toArray();
        const keys = looked
          .filter(({ budgets }) => budgets.some((budget) => budgetAlertKinds(budget).length > 0))
          .map(({ _id: id, tierId, name, budgets }) => {
            return { id, tierId, name, budgets: budgets.map(fromStoredBudget) };
          });
        return { keys, next: looked.length < limit ? null : (looked.at(-1)?._id ?? null) };
      }),
  };
}
