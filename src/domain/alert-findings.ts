import { type AlertSubject, budgetAlertKinds, type Finding, NO_SUBJECT } from '../model/alert.ts';
import { type Budget, budgetRolls } from '../model/budget.ts';
import type { Key } from '../model/key.ts';
import type { QuotaGroup } from '../model/quota-group.ts';
import type { QuarantinedKey } from '../store/port.ts';

/** A key as people know it. */
function named({ id, name }: Pick<Key, 'id' | 'name'>): string {
  return name === '' ? id : `${name} (${id})`;
}

/** What there is to tell of the budgets of something, now: of each once in its window. */
function budgetFindings(
  budgets: readonly Budget[],
  owner: { readonly name: string; readonly id: string; readonly subject: AlertSubject },
  now: number,
): readonly Finding[] {
  return budgets.flatMap((budget) => {
    if (budgetRolls(budget, now)) return [];
    return budgetAlertKinds(budget).map((kind): Finding => {
      const part = kind === 'budget_80' ? '80 % or more' : 'All';
      return {
        ...owner.subject,
        kind,
        occurrence: `${kind}|${owner.id}|${budget.epoch}`,
        message: `${part} of a budget of ${owner.name} is used: ${budget.used} of ${budget.limit} units.`,
      };
    });
  });
}

export function keyBudgetFindings(
  key: Pick<Key, 'id' | 'tierId' | 'name' | 'budgets'>,
  now: number,
): readonly Finding[] {
  const subject = { ...NO_SUBJECT, tierId: key.tierId, keyId: key.id };
  return budgetFindings(key.budgets, { name: `key ${named(key)}`, id: `key|${key.id}`, subject }, now);
}

export function groupFindings(
  group: Pick<QuotaGroup, 'id' | 'budgets' | 'createdAt'>,
  now: number,
): readonly Finding[] {
  const subject = { ...NO_SUBJECT, groupId: group.id };
  // A group that was deleted may be made again, and counts from the first epoch then.
  const owner = { name: `quota group ${group.id}`, id: `group|${group.id}|${group.createdAt}`, subject };
  return budgetFindings(group.budgets, owner, now);
}

export function quarantineFinding(key: QuarantinedKey): Finding {
  const { id, tierId, stateReason, quarantinedAt } = key;
  return {
    ...NO_SUBJECT,
    kind: 'key_quarantined',
    occurrence: `key_quarantined|${id}|${quarantinedAt ?? ''}`,
    tierId,
    keyId: id,
    message: `Key ${named(key)} was quarantined: ${stateReason}`,
  };
}

/** All there is to tell of a key, now. */
export function keyFindings(key: Key, now: number): readonly Finding[] {
  const { quarantinedAt } = key.health;
  const quarantine = key.state === 'quarantined' ? [quarantineFinding({ ...key, quarantinedAt })] : [];
  return [...quarantine, ...keyBudgetFindings(key, now)];
}

export function poolFinding(
  tierId: string,
  feature: string,
  counts: { readonly available: number; readonly below: number },
): Finding {
  const { available, below } = counts;
  const keys = available === 1 ? '1 key' : `${available} keys`;
  return {
    ...NO_SUBJECT,
    kind: 'pool_low',
    occurrence: `pool_low|${tierId}|${feature}`,
    tierId,
    feature,
    message: `Tier ${tierId} has ${keys} that can be drawn for ${feature}, fewer than ${below}.`,
  };
}
