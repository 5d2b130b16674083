import type { DatabaseSync } from 'node:sqlite';
import type { Outcome, RecordEvent } from '../../model/audit.ts';
import {
  addSums,
  CELLS_PER_HOUR_MAX,
  isError,
  mergeCells,
  NO_USE,
  type UsageSums,
} from '../../model/usage-summary.ts';
import { ADD_TO_HOUR, AXIS } from './hour-sums.ts';
import { prepare } from './statement.ts';

/** Records of one hour and consumer that say the same of themselves. */
type Group = {
  readonly hour: number;
  readonly consumer: number;
  readonly kind: RecordEvent['kind'];
  readonly resource: string | null;
  readonly endpoint: string | null;
  readonly statusCode: number | null;
  readonly outcome: Outcome | null;
  /** 1 when they tell of verified calls, which count by themselves. */
  readonly tells: 0 | 1;
  readonly events: number;
  readonly units: number;
  readonly lastAt: number;
};

// A number that is bound counts as a fraction, so the division has it as text.
const groupsBy = (hourMs: number): string => `
  SELECT e.at / ${hourMs} AS hour, e.consumer, r.kind, r.resource, r.endpoint, r.status_code AS statusCode, r.outcome,
    r.kind = 'recorded' AND e.request_id <> '' AS tells, count(*) AS events, sum(e.units) AS units,
    max(e.at) AS lastAt
  FROM usage_records r CROSS JOIN usage_events e ON e.seq = r.seq
  WHERE r.seq > ?1 AND r.seq <= ?2 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`;

/** What is new of a subject in an hour. */
interface SubjectHour {
  readonly hour: number;
  readonly axis: number;
  readonly subject: number;
  readonly groups: readonly Group[];
}

function sumsOf({ kind, tells, events, units, lastAt, ...facts }: Group): UsageSums {
  return {
    requests: tells === 1 ? 0 : events,
    draws: 0,
    verifications: kind === 'verify' ? events : 0,
    recorded: kind === 'recorded' ? events : 0,
    units,
    errors: isError(facts) ? events : 0,
    lastAt,
  };
}

/** By hour of all, and by hour and consumer. `all`: the number of "". */
function subjectHours(groups: readonly Group[], all: number): readonly SubjectHour[] {
  const ofAll = [...Map.groupBy(groups, ({ hour }) => hour)].map(([hour, of]) => ({
    ...{ hour, axis: AXIS.feature, subject: all },
    groups: of,
  }));
  const byConsumer = Map.groupBy(groups, ({ hour, consumer }) => `${hour} ${consumer}`);
  const ofConsumers = [...byConsumer.values()].map((of) => ({
    ...{ hour: of[0]?.hour ?? 0, axis: AXIS.consumer, subject: of[0]?.consumer ?? 0 },
    groups: of,
  }));
  return [...ofAll, ...ofConsumers];
}

/** Adds to the cells of a subject; false when it has as many as are kept and some would be further ones. */
function createCells(db: DatabaseSync): (added: SubjectHour) => boolean {
  const counted = prepare<{ n: number }>(
    db,
    'SELECT count(*) AS n FROM usage_cells WHERE hour = ? AND axis = ? AND subject = ?',
  );
  const add = prepare(
    db,
    `UPDATE usage_cells SET events = events + ?, units = units + ? WHERE hour = ? AND axis = ? AND subject = ?
     AND resource = ? AND endpoint = ? AND status_code = ? AND outcome = ?`,
  );
  const insert = prepare(db, 'INSERT INTO usage_cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  return ({ hour, axis, subject, groups }) => {
    let count: number | null = null;
    let fits = true;
    for (const { resource, endpoint, statusCode, outcome, events, units } of mergeCells(groups)) {
      const facts = [resource ?? '', endpoint ?? '', statusCode ?? 0, outcome ?? ''];
      if (facts.every((fact) => fact === '' || fact === 0)) continue;
      if (add.run(events, units, hour, axis, subject, ...facts) > 0) continue;
      count ??= counted.get(hour, axis, subject)?.n ?? 0;
      if (count < CELLS_PER_HOUR_MAX) insert.run(hour, axis, subject, ...facts, events, units);
      else fits = false;
      count += 1;
    }
    return fits;
  };
}

/**
 * Adds the records with numbers after `from` up to `upTo` to the sums of their consumers and, as of the feature "", to
 * those of all; with what they say of themselves. Within a write.
 */
export function createRecordSums(db: DatabaseSync, hourMs: number): (from: number, upTo: number) => void {
  const groups = prepare<Group>(db, groupsBy(hourMs));
  const none = prepare<{ no: number }>(db, "SELECT no FROM names WHERE text = ''");
  const addToHour = prepare(
    db,
    `INSERT INTO usage_hours VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ${ADD_TO_HOUR}`,
  );
  const addToCells = createCells(db);
  return (from, upTo) => {
    for (const added of subjectHours(groups.all(from, upTo), none.get()?.no ?? 0)) {
      const capped = addToCells(added) ? 0 : 1;
      const { requests, verifications, recorded, units, errors, lastAt } = added.groups
        .map(sumsOf)
        .reduce(addSums, NO_USE);
      const { hour, axis, subject } = added;
      addToHour.run(
        ...[hour, axis, subject, requests, verifications, recorded, units, errors, lastAt, capped],
      );
    }
  };
}
