import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type CalendarPeriods,
  laterPeriodStart,
  type Periods,
  periodAt,
  periodsBetween,
} from './budget-periods.ts';

/** Zones whose clocks change at midnight or by half an hour, that lie far off, or change on other days than others. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
] as const;

const HOUR_MS = 3_600_000;
const moment = fc.integer({ min: Date.UTC(2012, 0, 1), max: Date.UTC(2040, 0, 1) });
const unit = fc.constantFrom('day' as const, 'week' as const, 'month' as const);
const calendar: fc.Arbitrary<CalendarPeriods> = fc.record({
  kind: fc.constant('calendar' as const),
  unit,
  timeZone: fc.constantFrom(...ZONES),
});
const anchored: fc.Arbitrary<Periods> = fc.record({
  kind: fc.constant('anchored' as const),
  startAt: fc.integer({ min: 0, max: Date.UTC(2012, 0, 1) }),
  periodMs: fc.integer({ min: HOUR_MS, max: 40 * 24 * HOUR_MS }),
});

const formats = new Map(
  ZONES.map((timeZone) => [
    timeZone as string,
    new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      weekday: 'short',
    }),
  ]),
);

/** The date that a wall clock there shows, as Intl has it. */
function dateThere(timeZone: string, at: number) {
  const parts = formats.get(timeZone)?.formatToParts(at) ?? [];
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  return { date: `${of('year')}-${of('month')}-${of('day')}`, weekday: of('weekday') };
}

/** What names the period that a moment there lies in, worked out from the date that Intl shows. */
function nameOfPeriod({ unit: of, timeZone }: CalendarPeriods, at: number): string {
  const { date, weekday } = dateThere(timeZone, at);
  if (of === 'day') return date;
  if (of === 'month') return date.slice(0, 7);
  const sinceMonday = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(weekday);
  return new Date(Date.parse(date) - sinceMonday * 24 * HOUR_MS).toISOString().slice(0, 10);
}

describe('a period of a calendar', () => {
  it('is what the wall clocks of its zone show as one day, week from Monday or month, also where they change', () => {
    fc.assert(
      fc.property(calendar, moment, (periods, at) => {
        const { startAt, endAt } = periodAt(periods, at);
        const name = nameOfPeriod(periods, at);
        assert.ok(startAt <= at && at < endAt);
        assert.equal(nameOfPeriod(periods, startAt), name);
        assert.equal(nameOfPeriod(periods, endAt - 1), name);
        assert.notEqual(nameOfPeriod(periods, startAt - 1), name);
        assert.notEqual(nameOfPeriod(periods, endAt), name);
      }),
      { numRuns: 1000 },
    );
  });

  it('has 23 or 25 hours where clocks are put forward or back, and a month as many days as it has', () => {
    const hours = (of: 'day' | 'month', timeZone: string, at: string): number => {
      const { startAt, endAt } = periodAt({ kind: 'calendar', unit: of, timeZone }, Date.parse(at));
      return (endAt - startAt) / HOUR_MS;
    };
    assert.equal(hours('day', 'Europe/Berlin', '2026-03-29T12:00Z'), 23);
    assert.equal(hours('day', 'Europe/Berlin', '2026-10-25T12:00Z'), 25);
    assert.equal(hours('day', 'America/Sao_Paulo', '2018-11-04T12:00Z'), 23);
    assert.equal(hours('month', 'UTC', '2028-02-29T23:59Z'), 29 * 24);
    assert.equal(hours('month', 'Europe/Berlin', '2026-03-31T12:00Z'), 31 * 24 - 1);
  });
});

describe('periods', () => {
  it('follow one another without a gap, and are counted as one counts them one by one', () => {
    fc.assert(
      fc.property(
        fc.oneof(calendar, anchored),
        moment,
        fc.integer({ min: 0, max: 60 }),
        (periods, at, steps) => {
          const first = periodAt(periods, at);
          let period = first;
          for (let i = 0; i < steps; i++) {
            const next = periodAt(periods, period.endAt);
            assert.equal(next.startAt, period.endAt);
            period = next;
          }
          assert.equal(periodsBetween(periods, first.startAt, period.startAt), steps);
          assert.equal(laterPeriodStart(periods, first.startAt, steps), period.startAt);
        },
      ),
    );
  });

  it('end with the year 9999', () => {
    const day = { kind: 'calendar', unit: 'day', timeZone: 'UTC' } as const;
    assert.equal(laterPeriodStart(day, 0, 2_932_896), Date.parse('9999-12-31'));
    assert.equal(laterPeriodStart(day, 0, 2_932_897), null);
    assert.equal(laterPeriodStart({ ...day, unit: 'month' }, 0, 1e15), null);
  });

  it('before the start of anchored ones are none: the first is to come', () => {
    const periods = { kind: 'anchored', startAt: 5000, periodMs: 1000 } as const;
    assert.deepEqual(periodAt(periods, 4000), { startAt: 5000, endAt: 6000 });
  });
});
