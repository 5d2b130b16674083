import { resetBudgets } from '../../src/domain/edit-budgets.ts';
import type { AdminEvent } from '../../src/model/audit.ts';
import type { Key } from '../../src/model/key.ts';
import { placesOf } from '../../src/model/place.ts';
import type { Tier } from '../../src/model/tier.ts';
import type { KeypoolProcess } from './keypool-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export type KeyEdit = 'disable' | 'enable' | 'reset';

/** An admin who repeats an edit until it is confirmed. */
export interface Admin {
  /** Calls `done` when it is confirmed. */
  readonly edit: (keyId: string, edit: KeyEdit, done?: () => void) => void;
  readonly underWay: () => number;
  /** How often a key's budgets may have been reset at the most. */
  readonly resets: (keyId: string) => number;
  /** An id made when the key's last reset was confirmed. */
  readonly resetBefore: (keyId: string) => string | null;
}

const AGAIN_MS = 200;

export function createAdmin(
  time: VirtualTime,
  anyProcess: () => KeypoolProcess | undefined,
  newId: () => string,
): Admin {
  let underWay = 0;
  const resets = new Map<string, number>();
  const confirmed = new Map<string, string>();

  const attempt = (keyId: string, edit: KeyEdit, done: () => void) => {
    let isOver = false;
    const end = (isDone: boolean) => {
      if (isOver) return;
      isOver = true;
      if (isDone) {
        underWay -= 1;
        if (edit === 'reset') confirmed.set(keyId, newId());
        done();
      } else time.after(AGAIN_MS, () => attempt(keyId, edit, done), null);
    };
    const process = anyProcess();
    const store = process?.store() ?? null;
    if (process === undefined || store === null) return end(false);
    if (edit === 'reset') resets.set(keyId, (resets.get(keyId) ?? 0) + 1);
    const run = async () => {
      try {
        await store.editKey(keyId, (key, tier, now) => edited(key, tier, now, edit, newId()));
        time.after(0, () => end(true), null);
      } catch {
        time.after(0, () => end(false), null);
      }
    };
    time.after(0, () => void run(), process.owner);
    // A process that died answers nobody.
    const watch = () => {
      if (!process.owner.alive()) end(false);
      else if (!isOver) time.after(AGAIN_MS, watch, null);
    };
    watch();
  };

  return {
    edit: (keyId, edit, done = () => {}) => {
      underWay += 1;
      attempt(keyId, edit, done);
    },
    underWay: () => underWay,
    resets: (keyId) => resets.get(keyId) ?? 0,
    resetBefore: (keyId) => confirmed.get(keyId) ?? null,
  };
}

function edited(key: Key, tier: Tier, now: number, edit: KeyEdit, id: string) {
  const changed: Key =
    edit === 'reset'
      ? { ...key, ...resetBudgets(key, now) }
      : { ...key, state: edit === 'enable' ? 'active' : 'disabled' };
  const row = { ...changed, ...placesOf(changed, tier, now), version: key.version + 1, updatedAt: now };
  const event: AdminEvent = {
    id,
    at: now,
    actor: { kind: 'root' },
    action: edit === 'reset' ? 'ResetKeyUsage' : 'UpdateKey',
    resourceType: 'key',
    resourceId: key.id,
    requestId: id,
    peerAddress: '192.0.2.1',
    changes: [],
  };
  return { row, event };
}
