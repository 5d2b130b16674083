import assert from 'node:assert/strict';
import { type KeypoolClient, timestampDate, type UsageEvent } from '../../src/client/exports.ts';
import { eventually } from './eventually.ts';
import type { ServedDraw } from './load-callers.ts';

type Admin = KeypoolClient['admin'];

/** One row of the audit, as ListUsageEvents tells it. */
export type AuditRow = {
  readonly id: string;
  readonly drawId: string;
  readonly keyId: string;
  readonly consumerId: string;
  readonly feature: string;
  readonly requestId: string;
  readonly units: number;
  /** The store's moment of the take, in ms since 1970. */
  readonly atMs: number;
  readonly withheld: boolean;
};

const PAGE_SIZE = 1000;
/** A list shows a draw within 2 s; the rest is for reading many pages. */
const SHOWN_WITHIN_MS = 4000;

/** The whole audit, newest first, page by page. */
export async function auditRows(admin: Admin): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  let pageToken = '';
  do {
    const page = await admin.listUsageEvents({ pageSize: PAGE_SIZE, pageToken });
    rows.push(...page.usageEvents.map(rowOf));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return rows;
}

/** The whole audit as soon as every one of these draws is in it; fails when it does not come in time. */
export async function auditRowsWith(admin: Admin, served: readonly ServedDraw[]): Promise<AuditRow[]> {
  return eventually(
    'an audit row for every served draw',
    async () => {
      const rows = await auditRows(admin);
      const ids = new Set(rows.map(({ drawId }) => drawId));
      return served.every(({ drawId }) => ids.has(drawId)) ? rows : null;
    },
    SHOWN_WITHIN_MS,
  );
}

function rowOf(event: UsageEvent): AuditRow {
  const { id, drawId = '', keyId = '', consumerId, feature = '', requestId, units, time, withheld } = event;
  assert.ok(time !== undefined, 'an audit row has no time');
  const atMs = timestampDate(time).getTime();
  return { id, drawId, keyId, consumerId, feature, requestId, units, atMs, withheld };
}

/** Every served draw is in the audit exactly once, as it was served, and marked as one that left. */
export function assertAudited(served: readonly ServedDraw[], rows: readonly AuditRow[]): void {
  const byDraw = new Map(rows.map((row) => [row.drawId, row]));
  assert.equal(byDraw.size, rows.length, 'a draw id stands in the audit twice');
  for (const { drawId, keyId, units } of served) {
    const row = byDraw.get(drawId);
    assert.ok(row !== undefined, `draw ${drawId} was served and is not in the audit`);
    assert.deepEqual([row.keyId, row.units, row.withheld], [keyId, units, false]);
  }
}

/** In no window of this length, wherever it starts, does any key have more units than the limit. */
export function assertWindows(rows: readonly AuditRow[], limit: number, windowMs: number): void {
  for (const [keyId, ofKey] of Map.groupBy(rows, (row) => row.keyId)) {
    const ordered = ofKey.toSorted((a, b) => a.atMs - b.atMs);
    let units = 0;
    let first = 0;
    for (const row of ordered) {
      units += row.units;
      for (
        let oldest = ordered[first];
        oldest && oldest.atMs <= row.atMs - windowMs;
        oldest = ordered[first]
      ) {
        units -= oldest.units;
        first += 1;
      }
      assert.ok(units <= limit, `key ${keyId}: ${units} units in ${windowMs} ms up to ${row.atMs}`);
    }
  }
}

/** Units of all rows, also those whose value never left: they are spent. */
export function unitsOf(rows: readonly Pick<AuditRow, 'units'>[]): number {
  return rows.reduce((sum, { units }) => sum + units, 0);
}

/** Units by key. */
export function unitsByKey(rows: readonly Pick<AuditRow, 'keyId' | 'units'>[]): Map<string, number> {
  return new Map([...Map.groupBy(rows, ({ keyId }) => keyId)].map(([keyId, own]) => [keyId, unitsOf(own)]));
}
