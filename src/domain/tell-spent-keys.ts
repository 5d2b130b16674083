import type { Store } from '../store/port.ts';
import { keyBudgetFindings } from './alert-findings.ts';
import type { AlertRecord } from './raise-alert.ts';

export interface SpentKeysParts {
  readonly store: Pick<
    Store,
    'takeSpentKeys' | 'getKey' | 'now' | 'findSpentKeys' | 'noteWatcher' | 'lostWatchers' | 'forgetWatchers'
  >;
  readonly record: AlertRecord;
  /** Names this process. */
  readonly holder: string;
}

/**
 * Budgets that are used up. A process sees them by its own draws, and holds them in memory until they are told; that it
 * does stands in the store. One that dies leaves that note, and it goes only after all keys were looked at since.
 */
export interface SpentKeys {
  /** Says that this process has budgets in view: before its first draw, and every few seconds. */
  readonly note: () => Promise<void>;
  /** Tells some of what this process has seen; true when there is more. */
  readonly tell: () => Promise<boolean>;
  /** Looks at some keys for what dead processes did not tell; true when there are more. For one process at a time. */
  readonly recover: () => Promise<boolean>;
  /** Tells the rest, when there are no draws any more. */
  readonly end: () => Promise<void>;
}

const TELL_BATCH = 100;
const RECOVER_BATCH = 500;
/** A process that has not said for so long that it is alive is dead, in ms. */
const LOST_MS = 20_000;

export function createSpentKeys({ store, record, holder }: SpentKeysParts): SpentKeys {
  const seen = new Set<string>();
  let looking: { readonly lost: readonly string[]; readonly before: number; readonly after: string } | null =
    null;

  async function tellKey(id: string): Promise<void> {
    const key = await store.getKey(id);
    const findings = key === null ? [] : keyBudgetFindings(key, store.now());
    for (const finding of findings) await record.raise(finding);
  }

  async function tell(): Promise<boolean> {
    for (const id of store.takeSpentKeys()) seen.add(id);
    for (const id of [...seen].slice(0, TELL_BATCH)) {
      // It may be seen again while it is looked at.
      seen.delete(id);
      try {
        await tellKey(id);
      } catch (error) {
        seen.add(id);
        throw error;
      }
    }
    return seen.size > 0;
  }

  return {
    note: () => store.noteWatcher(holder),
    tell,
    recover: async () => {
      if (looking === null) {
        const before = store.now() - LOST_MS;
        const lost = (await store.lostWatchers(before)).filter((id) => id !== holder);
        if (lost.length === 0) return false;
        looking = { lost, before, after: '' };
      }
      const { lost, before, after } = looking;
      const { keys, next } = await store.findSpentKeys(after, RECOVER_BATCH);
      for (const key of keys)
        for (const finding of keyBudgetFindings(key, store.now())) await record.raise(finding);
      looking = next === null ? null : { lost, before, after: next };
      // What one that lives after all has seen meanwhile is for the next look.
      if (next === null) await store.forgetWatchers(lost, before);
      return true;
    },
    end: async () => {
      while (await tell());
      await store.forgetWatchers([holder], Infinity);
    },
  };
}
