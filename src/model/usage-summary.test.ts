import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { breakDown, NAMED_MAX } from './usage-breakdown.ts';
import { addSums, isError, mergeCells, NO_USE, type UsageCell, type UsageSums } from './usage-summary.ts';

const count = fc.integer({ min: 0, max: 1_000_000 });
const sums: fc.Arbitrary<UsageSums> = fc.record({
  requests: count,
  draws: count,
  verifications: count,
  recorded: count,
  units: count,
  errors: count,
  lastAt: fc.option(count),
});
const cell: fc.Arbitrary<UsageCell> = fc.record({
  resource: fc.constantFrom(null, '/a', '/b'),
  endpoint: fc.constantFrom(null, 'GET /', 'PUT /'),
  statusCode: fc.constantFrom(null, 200, 500),
  outcome: fc.constantFrom(null, 'ok' as const, 'timeout' as const),
  events: count,
  units: count,
});

const total = (of: readonly { readonly events: number }[]) => of.reduce((n, { events }) => n + events, 0);

describe('sums of usage', () => {
  it('may be added in any order and grouping, and nothing changes them by nothing', () => {
    fc.assert(
      fc.property(sums, sums, sums, (a, b, c) => {
        assert.deepEqual(addSums(a, b), addSums(b, a));
        assert.deepEqual(addSums(addSums(a, b), c), addSums(a, addSums(b, c)));
        assert.deepEqual(addSums(a, NO_USE), { ...a });
      }),
    );
  });

  it('call an event an error by its outcome, and by its status where that is not said', () => {
    assert.equal(isError({ outcome: null, statusCode: null }), false);
    assert.equal(isError({ outcome: null, statusCode: 399 }), false);
    assert.equal(isError({ outcome: null, statusCode: 400 }), true);
    assert.equal(isError({ outcome: 'ok', statusCode: 500 }), false);
    assert.equal(isError({ outcome: 'timeout', statusCode: 200 }), true);
  });
});

describe('the breakdown of usage', () => {
  it('counts every event under each thing that it says, merged or not', () => {
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        const merged = mergeCells(cells);
        assert.equal(total(merged), total(cells));
        const found = breakDown(merged);
        assert.deepEqual(found, breakDown(cells));
        assert.equal(total(found.endpoints), total(cells.filter(({ endpoint }) => endpoint !== null)));
        assert.equal(total(found.resources), total(cells.filter(({ resource }) => resource !== null)));
        assert.equal(total(found.statusCodes), total(cells.filter(({ statusCode }) => statusCode !== null)));
        assert.equal(
          [...found.outcomes.values()].reduce((n, events) => n + events, 0),
          total(cells.filter(({ outcome }) => outcome !== null)),
        );
      }),
    );
  });

  it('shows the most frequent first, and says when it left some out', () => {
    const cells = Array.from(
      { length: NAMED_MAX + 1 },
      (_, i): UsageCell => ({
        resource: null,
        endpoint: `/${i}`,
        statusCode: null,
        outcome: null,
        events: i,
        units: 1,
      }),
    );
    const { endpoints, isCut } = breakDown(cells);
    assert.equal(isCut, true);
    assert.equal(endpoints.length, NAMED_MAX);
    assert.deepEqual(
      endpoints.slice(0, 2).map(({ name }) => name),
      [`/${NAMED_MAX}`, `/${NAMED_MAX - 1}`],
    );
    assert.equal(breakDown(cells.slice(1)).isCut, false);
  });
});
