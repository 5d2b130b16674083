import type { DatabaseSync } from 'node:sqlite';
import type { DrawReport, Outcome, RecordEvent, UsageEvent } from '../../model/audit.ts';
import type { Page, PageRequest, UsageFilter } from '../port.ts';
import { createKeyNumbers } from './key-numbers.ts';
import type { Names } from './names.ts';
import { beforeMoment, pageOf, writeCursor } from './paging.ts';
import { createStatementCache } from './statement-cache.ts';
import { createWhere, type Where } from './where.ts';

type Row = {
  readonly seq: number;
  readonly at: number;
  readonly consumerId: string;
  readonly keyId: string;
  readonly tierId: string;
  readonly feature: string;
  readonly units: number;
  readonly take: string;
  readonly serial: number;
  readonly requestId: string;
  readonly peerAddress: string;
  readonly withheld: 0 | 1;
  /** Null of draws, as what follows. */
  readonly kind: RecordEvent['kind'] | null;
  readonly resource: string | null;
  readonly endpoint: string | null;
  readonly statusCode: number | null;
  readonly outcome: Outcome | null;
  /** Null of draws that were not reported, as what follows, and of what is no draw. */
  readonly reportedAt: number | null;
  readonly reportedOutcome: Outcome | null;
  readonly reportedStatus: number | null;
  readonly reportedUnits: number | null;
  readonly message: string | null;
};

const COLUMNS = `
  e.seq, e.at, c.text AS consumerId, coalesce(k.id, d.id, '') AS keyId, t.text AS tierId, f.text AS feature, e.units,
  e.take, e.serial, e.request_id AS requestId, e.peer_address AS peerAddress, e.withheld,
  r.kind, r.resource, r.endpoint, r.status_code AS statusCode, r.outcome,
  o.at AS reportedAt, o.outcome AS reportedOutcome, o.status_code AS reportedStatus, o.units AS reportedUnits, o.message`;

/** The index, and then the events and names of what it found, one by one: the order is the index's. */
function fromIndex(table: string): string {
  return `${table} i CROSS JOIN usage_events e ON e.seq = i.seq
    CROSS JOIN names c ON c.no = e.consumer CROSS JOIN names t ON t.no = e.tier
    CROSS JOIN names f ON f.no = e.feature
    LEFT JOIN usage_records r ON r.seq = e.seq LEFT JOIN outcome_reports o ON o.seq = e.seq
    LEFT JOIN keys k ON k.no = e.key LEFT JOIN deleted_keys d ON d.no = e.key`;
}

function reportOf(row: Row): DrawReport | null {
  const { reportedAt: at, reportedOutcome: outcome, message } = row;
  if (at === null || outcome === null) return null;
  return { outcome, statusCode: row.reportedStatus, units: row.reportedUnits, at, message };
}

function eventOf(row: Row): UsageEvent {
  const { at, consumerId, units, requestId, peerAddress } = row;
  const shared = { at, consumerId, units, requestId, peerAddress };
  if (row.kind !== null) {
    const { kind, resource, endpoint, statusCode, outcome } = row;
    return { id: row.take, kind, ...shared, resource, endpoint, statusCode, outcome };
  }
  const { keyId, tierId, feature } = row;
  const id = `${row.take}.${row.serial}`;
  const withheld = row.withheld === 1;
  return { id, kind: 'draw', ...shared, keyId, tierId, feature, withheld, report: reportOf(row) };
}

/** The filter's strings as numbers; null when one of them occurs in no event. */
interface Numbers {
  readonly consumer: number | undefined;
  readonly key: number | undefined;
  readonly feature: number | undefined;
}

/** The narrowest index for the filter leads, the rest is looked at in the rows. */
function lead(numbers: Numbers, where: Where): string {
  const { consumer, key, feature } = numbers;
  if (key !== undefined) {
    where.add('i.key = ?', key);
    where.add('e.consumer = ?', consumer);
    where.add('e.feature = ?', feature);
    return fromIndex('usage_by_key');
  }
  if (consumer !== undefined) {
    where.add('i.consumer = ?', consumer);
    where.add('e.feature = ?', feature);
    return fromIndex('usage_by_consumer');
  }
  where.add('i.feature = ?', feature);
  return fromIndex(feature === undefined ? 'usage_by_time' : 'usage_by_feature');
}

/** Lists usage events, newest first; every event must be indexed. */
export function createUsageList(
  db: DatabaseSync,
  names: Names,
): (filter: UsageFilter, page: PageRequest) => Page<UsageEvent> {
  const statement = createStatementCache(db);
  const keyNumber = createKeyNumbers(db);
  const numbersOf = (filter: UsageFilter): Numbers | null => {
    const named = (text: string | undefined): number | null | undefined =>
      text === undefined ? undefined : names.find(text);
    const consumer = named(filter.consumerId);
    const feature = named(filter.feature);
    const key = filter.keyId === undefined ? undefined : keyNumber(filter.keyId);
    return consumer === null || feature === null || key === null ? null : { consumer, key, feature };
  };
  return (filter, page) => {
    const before = beforeMoment('usage', page.after, filter.endAt);
    const numbers = numbersOf(filter);
    if (numbers === null) return { items: [], next: null };
    const where = createWhere('(i.at, i.seq) < (?, ?)', ...before);
    where.add('i.at >= ?', filter.startAt);
    const from = lead(numbers, where);
    const rows = statement<Row>(
      `SELECT ${COLUMNS} FROM ${from} WHERE ${where.sql()} ORDER BY i.at DESC, i.seq DESC LIMIT ?`,
    ).all(...where.values, page.limit + 1);
    return pageOf(rows, page.limit, eventOf, (row) => writeCursor('usage', [row.at, row.seq]));
  };
}
