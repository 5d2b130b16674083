import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { Outcome } from '../../model/audit.ts';
import {
  addSums,
  mergeCells,
  NO_USE,
  type UsageCell,
  type UsageSubject,
  type UsageSums,
} from '../../model/usage-summary.ts';
import type { UsagePeriod, UsageSummary } from '../port.ts';
import { AXIS } from './hour-sums.ts';
import { createKeyNumbers } from './key-numbers.ts';
import type { Names } from './names.ts';
import { prepare, type Statement } from './statement.ts';
import type { SumsNeeded } from './usage-sums.ts';

type Sums = { readonly [K in keyof UsageSums]: number | null } & { readonly capped: number | null };

type Cell = {
  readonly resource: string;
  readonly endpoint: string;
  readonly statusCode: number;
  readonly outcome: Outcome | '';
  readonly events: number;
  readonly units: number;
};

/** Hours that are read at once: years of them would hold up draws. */
export const HOURS_AT_ONCE = 200;

/** The hours from ?1 to before ?2 of which there are sums, found one after another. */
const HOURS = `WITH RECURSIVE hours (hour) AS (
  SELECT min(hour) FROM usage_hours WHERE hour >= ?1 UNION ALL
  SELECT (SELECT min(u.hour) FROM usage_hours u WHERE u.hour > hours.hour) FROM hours WHERE hours.hour < ?2)`;

/** What a table has in each of them of axis ?3 and, unless it is of all, of subject ?4. */
function fromHours(table: string, ofAll: boolean): string {
  const ofOne = ofAll ? '' : 'AND u.subject = ?4';
  return `hours h CROSS JOIN ${table} u ON u.hour = h.hour AND h.hour < ?2 AND u.axis = ?3 ${ofOne}`;
}

function sumsOf(db: DatabaseSync, ofAll: boolean): Statement<Sums> {
  return prepare<Sums>(
    db,
    `${HOURS} SELECT sum(requests) AS requests, sum(draws) AS draws, sum(verifications) AS verifications,
       sum(recorded) AS recorded, sum(units) AS units, sum(errors) AS errors, max(last_at) AS lastAt,
       max(capped) AS capped FROM ${fromHours('usage_hours', ofAll)}`,
  );
}

function createReader(db: DatabaseSync) {
  const cells = prepare<Cell>(
    db,
    `${HOURS} SELECT resource, endpoint, status_code AS statusCode, outcome, sum(events) AS events,
       sum(units) AS units FROM ${fromHours('usage_cells', false)} GROUP BY 1, 2, 3, 4`,
  );
  const first = prepare<{ hour: number | null }>(
    db,
    'SELECT min(hour) AS hour FROM usage_hours WHERE hour >= ? AND hour < ?',
  );
  return { first, cells, ofOne: sumsOf(db, false), ofAll: sumsOf(db, true) };
}

function cellOf({ resource, endpoint, statusCode, outcome, events, units }: Cell): UsageCell {
  return {
    resource: resource || null,
    endpoint: endpoint || null,
    statusCode: statusCode || null,
    outcome: outcome || null,
    events,
    units,
  };
}

/** Sums up what was used, from the sums by the hour. */
export interface UsageSummaries {
  /** What must be summed before it is read. */
  readonly neededFor: (subject: UsageSubject) => SumsNeeded;
  /** `run` runs a read; others may come between two. */
  readonly read: (
    subject: UsageSubject,
    period: UsagePeriod,
    run: <T>(work: () => T) => T,
  ) => Promise<UsageSummary>;
}

/** `hourMs`: the length of an hour. */
export function createUsageSummaries(db: DatabaseSync, names: Names, hourMs: number): UsageSummaries {
  const read = createReader(db);
  const keyNumber = createKeyNumbers(db);
  // What is no draw of a feature stands under "", with the cells of all.
  const numberOf = (subject: UsageSubject): number | null => {
    if (subject.kind === 'all') return names.find('');
    return subject.kind === 'key' ? keyNumber(subject.id) : names.find(subject.id);
  };
  const neededFor = (subject: UsageSubject): SumsNeeded =>
    subject.kind === 'key' ? { key: keyNumber(subject.id) ?? 0 } : 'others';
  const readHours = (subject: UsageSubject, from: number, to: number) => {
    const number = numberOf(subject);
    const axis = AXIS[subject.kind === 'all' ? 'feature' : subject.kind];
    const row =
      subject.kind === 'all' ? read.ofAll.get(from, to, axis) : read.ofOne.get(from, to, axis, number);
    const sums: UsageSums = {
      requests: row?.requests ?? 0,
      draws: row?.draws ?? 0,
      verifications: row?.verifications ?? 0,
      recorded: row?.recorded ?? 0,
      units: row?.units ?? 0,
      errors: row?.errors ?? 0,
      lastAt: row?.lastAt ?? null,
    };
    const cells = read.cells.all(from, to, axis, number).map(cellOf);
    return { sums, cells, isCapped: row?.capped === 1 };
  };
  const summarize: UsageSummaries['read'] = async (subject, { startAt, endAt }, run) => {
    const start = startAt === undefined ? null : Math.floor(startAt / hourMs);
    const end = endAt === undefined ? null : Math.ceil(endAt / hourMs);
    const to = end ?? Number.MAX_SAFE_INTEGER;
    let sums: UsageSums = NO_USE;
    let cells: UsageCell[] = [];
    let isCapped = false;
    for (let from = start ?? 0; ; ) {
      const first = run(() => read.first.get(from, to))?.hour ?? null;
      if (first === null) break;
      from = Math.min(first + HOURS_AT_ONCE, to);
      const hours = run(() => readHours(subject, first, from));
      sums = addSums(sums, hours.sums);
      cells = mergeCells([...cells, ...hours.cells]);
      isCapped ||= hours.isCapped;
      await setImmediate();
    }
    return {
      startAt: start === null ? null : start * hourMs,
      endAt: end === null ? null : end * hourMs,
      ...sums,
      cells,
      isCapped,
    };
  };
  return { neededFor, read: summarize };
}
