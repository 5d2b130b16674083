import type { OutcomeReport, ReportedDraw, StoredReport } from '../../model/outcome-report.ts';
import type { Tier } from '../../model/tier.ts';
import type { ReportResult } from '../port.ts';
import type { Core } from './core.ts';
import { createOutcomeRows } from './outcome-rows.ts';
import type { DrawRow } from './recent-draws.ts';
import { createReportedKeys } from './reported-keys.ts';
import type { UsageEvents } from './usage-events.ts';

const UNKNOWN: ReportResult = { kind: 'unknown' };

/** What became of a round of reports, and the tiers some of whose keys can be drawn sooner for it. */
export interface ReportedRound {
  readonly results: readonly ReportResult[];
  readonly freed: readonly string[];
}

/** Puts reports on record and changes keys by them, within a write, at the store's moment `now` (ms). */
export function createReportRound(
  core: Core,
  events: Pick<UsageEvents, 'find'>,
): (reports: readonly OutcomeReport[], now: number) => ReportedRound {
  const { names, credentials } = core;
  const rows = createOutcomeRows(core.db);
  const begin = createReportedKeys(core);

  function drawOf(row: DrawRow, drawId: string, keyId: string): ReportedDraw {
    const { take, serial, at, units } = row;
    const [tierId, feature] = [names.text(row.tier), names.text(row.feature)];
    return { drawId, take, serial, at, keyId, tierId, feature, units, consumerId: names.text(row.consumer) };
  }

  return (reports, now) => {
    const keys = begin(now);
    const tiers = new Map<number, Tier | null>();
    const tierOf = (no: number): Tier | null => {
      const known = tiers.get(no);
      if (known !== undefined) return known;
      const tier = core.tiers.read(names.text(no));
      tiers.set(no, tier);
      return tier;
    };
    const change = (row: DrawRow, report: StoredReport): void => {
      const credential = credentials.read(row.key);
      // A key may have gone to another tier since, or be deleted.
      const tier = credential === null ? null : tierOf(credential.tier);
      if (credential === null || tier === null) return;
      keys.apply(row.key, tier, drawOf(row, report.drawId, credential.id), report);
    };
    const take = (report: OutcomeReport): ReportResult => {
      const { consumerId, ...said } = report;
      const row = events.find(report.drawId);
      if (row === null) return UNKNOWN;
      if (consumerId !== null && names.find(consumerId) !== row.consumer) return UNKNOWN;
      const stored = { ...said, at: now };
      const isNew = rows.insert(row.seq, stored);
      if (!isNew && !rows.saysTheSame(row.seq, said)) return { kind: 'other' };
      if (isNew) change(row, stored);
      return { kind: 'reported', isNew, tierId: names.text(row.tier), feature: names.text(row.feature) };
    };
    const results = reports.map(take);
    return { results, freed: keys.flush() };
  };
}
