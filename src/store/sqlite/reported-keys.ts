import { type KeyHealth, type KeyState, type Places, WELL } from '../../model/key.ts';
import {
  applyReport,
  type ReportedDraw,
  type StoredReport,
  settleInGroup,
} from '../../model/outcome-report.ts';
import type { GroupState } from '../../model/quota-group.ts';
import type { QueueName, Tier } from '../../model/tier.ts';
import type { Core } from './core.ts';
import { createGroupWake } from './group-members.ts';
import { groupUnitAt } from './group-take.ts';

/** The keys and groups that one round of reports changes: each is read once and written once. */
export interface ReportedKeys {
  /** Changes a key, which is in this tier now, and its group by a report of one of its draws. */
  readonly apply: (no: number, tier: Tier, draw: ReportedDraw, report: StoredReport) => void;
  /** Writes what changed; gives the tiers some of whose keys can be drawn sooner than before. */
  readonly flush: () => readonly string[];
}

interface ChangedKey {
  readonly tier: Tier;
  readonly stored: KeyState;
  state: KeyState;
  /** What its row is to give as the reason for its state from now on; null: what it gives. */
  reason: string | null;
}

interface ChangedGroup {
  readonly stored: GroupState;
  state: GroupState;
}

const WELL_TEXT = JSON.stringify(WELL);

/** Without the reports that have changed it: their rows commit with this one, so none of them comes again. */
function withoutApplied(health: KeyHealth): KeyHealth {
  if (health.applied.length === 0) return health;
  const rest = { ...health, applied: [] };
  return JSON.stringify(rest) === WELL_TEXT ? WELL : rest;
}

/** True when a key can be drawn from some queue sooner than before. */
export function isSooner(before: Places, after: Places): boolean {
  const queues = Object.keys({ ...after.ready, ...after.due }) as QueueName[];
  const dueIn = ({ ready, due }: Places, queue: QueueName): number =>
    ready[queue] === undefined ? (due[queue] ?? Infinity) : -Infinity;
  return queues.some((queue) => dueIn(after, queue) < dueIn(before, queue));
}

/** Begins a round of reports at `now` (ms), within a write. */
export function createReportedKeys(core: Core): (now: number) => ReportedKeys {
  const { states, quotaGroups } = core;
  const wake = createGroupWake(core);

  function write(no: number, { stored, state, reason }: ChangedKey, now: number): void {
    if (reason === null) {
      states.write(no, stored, state);
      return;
    }
    const row = core.keys.readNumber(no);
    if (row === null) throw new Error('a key that was reported is gone');
    core.keys.update(row, { ...row.key, ...state, stateReason: reason, updatedAt: now });
  }

  return (now) => {
    const keys = new Map<number, ChangedKey>();
    const groups = new Map<string, ChangedGroup>();
    const keyOf = (no: number, tier: Tier): ChangedKey | null => {
      const known = keys.get(no);
      if (known !== undefined) return known;
      const stored = states.read(no);
      if (stored === null) return null;
      const key = { tier, stored, state: stored, reason: null };
      keys.set(no, key);
      return key;
    };
    const groupOf = (id: string): ChangedGroup => {
      const known = groups.get(id);
      if (known !== undefined) return known;
      const stored = quotaGroups.read(id);
      if (stored === null) throw new Error('the quota group of a key is gone');
      const group = { stored, state: stored };
      groups.set(id, group);
      return group;
    };
    return {
      apply: (no, tier, draw, report) => {
        const key = keyOf(no, tier);
        if (key === null) return;
        const { state, quarantined, released } = applyReport(key.state, tier, draw, report, now);
        if (state !== key.state)
          key.state = core.keys.placed({ ...state, health: withoutApplied(state.health) });
        if (quarantined !== null) key.reason = quarantined;
        else if (released) key.reason = '';
        const { groupId, groupAfter = 0 } = state.traits;
        // What was drawn before it came to the group was not drawn from there.
        if (groupId === null || draw.at <= groupAfter) return;
        const group = groupOf(groupId);
        const settled = settleInGroup(group.state, tier.policy, draw, report, now);
        if (settled !== group.state) group.state = { ...settled, applied: [] };
      },
      flush: () => {
        const freed = new Set<string>();
        const woken: string[] = [];
        for (const [id, { stored, state }] of groups) {
          if (state === stored) continue;
          quotaGroups.writeState(id, state);
          if ((groupUnitAt(state, now) ?? Infinity) < (groupUnitAt(stored, now) ?? Infinity)) woken.push(id);
        }
        for (const [no, key] of keys) {
          if (key.state === key.stored) continue;
          write(no, key, now);
          if (isSooner(key.stored, key.state)) freed.add(key.tier.id);
        }
        for (const id of woken) for (const tierId of wake(id)) freed.add(tierId);
        return [...freed];
      },
    };
  };
}
