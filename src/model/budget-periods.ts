import { setBounded } from './bounded-map.ts';

/** Days, weeks (from Monday) or months of a time zone (IANA name), one after another. */
export interface CalendarPeriods {
  readonly kind: 'calendar';
  readonly unit: 'day' | 'week' | 'month';
  readonly timeZone: string;
}

/** Periods of one length, one after another from a start date on (ms); before it nothing is granted. */
export interface AnchoredPeriods {
  readonly kind: 'anchored';
  readonly startAt: number;
  readonly periodMs: number;
}

export type Periods = CalendarPeriods | AnchoredPeriods;

/** `[startAt, endAt)`, in ms. */
export interface Period {
  readonly startAt: number;
  readonly endAt: number;
}

/** The end of the year 9999, in ms: what would come later never does. */
export const LAST_MOMENT_MS = 253_402_300_799_999;

/** More periods than any calendar has up to {@link LAST_MOMENT_MS}, and few enough for dates to reach. */
const PERIODS_MAX = 3_000_000;

const ZONES_KNOWN_MAX = 1000;
const lastPeriods = new Map<string, Period>();

function dateIn(timeZone: string, at: number): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate();
}

/** The first moment of a date there, which is not midnight where clocks are put forward at midnight. */
function startOfDate(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}

function plus(date: Temporal.PlainDate, unit: CalendarPeriods['unit'], count: number): Temporal.PlainDate {
  if (unit === 'day') return date.add({ days: count });
  return unit === 'week' ? date.add({ weeks: count }) : date.add({ months: count });
}

function firstDateOf(unit: CalendarPeriods['unit'], date: Temporal.PlainDate): Temporal.PlainDate {
  if (unit === 'day') return date;
  return unit === 'week' ? date.subtract({ days: date.dayOfWeek - 1 }) : date.with({ day: 1 });
}

function calendarPeriodAt({ unit, timeZone }: CalendarPeriods, at: number): Period {
  const name = `${unit} ${timeZone}`;
  const last = lastPeriods.get(name);
  if (last !== undefined && last.startAt <= at && at < last.endAt) return last;
  const first = firstDateOf(unit, dateIn(timeZone, at));
  const startAt = startOfDate(first, timeZone);
  const period = { startAt, endAt: startOfDate(plus(first, unit, 1), timeZone) };
  setBounded(lastPeriods, ZONES_KNOWN_MAX, name, period);
  return period;
}

/** The period that `at` lies in; before the start of anchored ones, the first. */
export function periodAt(periods: Periods, at: number): Period {
  if (periods.kind === 'calendar') return calendarPeriodAt(periods, at);
  const index = Math.max(0, Math.floor((at - periods.startAt) / periods.periodMs));
  const startAt = periods.startAt + index * periods.periodMs;
  return { startAt, endAt: startAt + periods.periodMs };
}

/** How many periods after the one that starts at `from` the one that starts at `to` comes. */
export function periodsBetween(periods: Periods, from: number, to: number): number {
  if (periods.kind === 'anchored') return Math.round((to - from) / periods.periodMs);
  const [a, b] = [dateIn(periods.timeZone, from), dateIn(periods.timeZone, to)];
  if (periods.unit === 'month') return (b.year - a.year) * 12 + b.month - a.month;
  const { days } = a.until(b, { largestUnit: 'days' });
  return periods.unit === 'week' ? Math.round(days / 7) : days;
}

/** When the `count`th period after the one that starts at `from` begins; null where that is beyond all calendars. */
export function laterPeriodStart(periods: Periods, from: number, count: number): number | null {
  if (count > PERIODS_MAX) return null;
  const at =
    periods.kind === 'anchored'
      ? from + count * periods.periodMs
      : startOfDate(plus(dateIn(periods.timeZone, from), periods.unit, count), periods.timeZone);
  return at > LAST_MOMENT_MS ? null : at;
}
