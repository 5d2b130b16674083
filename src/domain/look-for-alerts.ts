import type { Finding } from '../model/alert.ts';
import type { ListedAlert, Page, Store } from '../store/port.ts';
import { groupFindings, keyFindings, quarantineFinding } from './alert-findings.ts';
import { createPoolLook, type PoolLookParts } from './look-at-pools.ts';

export interface LookParts extends PoolLookParts {
  readonly store: PoolLookParts['store'] &
    Pick<Store, 'listQuarantined' | 'listGroups' | 'getKey' | 'getGroup' | 'now'>;
}

const QUARANTINED_PAGE = 1000;
const QUARANTINED_PAGES = 5;
const GROUPS_PAGE = 200;
const OPEN_PAGE = 100;

/** Goes on with quarantined keys where it ended; begins again at the end. */
function createQuarantineLook({ store, record }: LookParts): () => Promise<void> {
  let after = '';
  return async () => {
    for (let page = 0; page < QUARANTINED_PAGES; page += 1) {
      const keys = await store.listQuarantined(after, QUARANTINED_PAGE);
      for (const key of keys) await record.raise(quarantineFinding(key));
      after = keys.length < QUARANTINED_PAGE ? '' : (keys.at(-1)?.id ?? '');
      if (after === '') return;
    }
  };
}

/** The budgets of quota groups, a page of them at a time. */
function createGroupLook({ store, record }: LookParts): () => Promise<void> {
  let after: string | null = null;
  return async () => {
    const { items, next } = await store.listGroups({ after, limit: GROUPS_PAGE });
    for (const group of items)
      for (const finding of groupFindings(group, store.now())) await record.raise(finding);
    after = next;
  };
}

async function findingsOf({ store }: LookParts, alert: ListedAlert): Promise<readonly Finding[]> {
  if (alert.keyId !== '') {
    const key = await store.getKey(alert.keyId);
    return key === null ? [] : keyFindings(key, store.now());
  }
  const group = await store.getGroup(alert.groupId);
  return group === null ? [] : groupFindings(group, store.now());
}

/** Ends alerts of keys and groups of which what they say is so no more, a page of the open ones at a time. */
function createEndLook(parts: LookParts): () => Promise<void> {
  let after: string | null = null;
  return async () => {
    const page: Page<ListedAlert> = await parts.store.listAlerts(
      { state: 'open' },
      { after, limit: OPEN_PAGE },
    );
    for (const alert of page.items) {
      if (alert.kind === 'pool_low') continue;
      const findings = await findingsOf(parts, alert);
      if (!findings.some(({ occurrence }) => occurrence === alert.occurrence))
        await parts.record.close(alert);
    }
    after = page.next;
  };
}

/** One look at all that may call for an alert, but for keys' budgets, and at what has ended. For one process at a time. */
export function createLook(parts: LookParts): () => Promise<void> {
  const looks = [
    createPoolLook(parts),
    createQuarantineLook(parts),
    createGroupLook(parts),
    createEndLook(parts),
  ];
  return async () => {
    // What fails in one shall not keep the others from being looked at.
    const failures: unknown[] = [];
    for (const look of looks)
      await look().catch((error: unknown) => {
        failures.push(error);
      });
    if (failures.length > 0) throw failures[0];
  };
}
