import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Done, keySteps, keys, runKey } from '../../test/support/take-run.ts';
import { OPEN_TAKES_MAX } from './key.ts';

/** Holds `property` of every step of random runs on random keys. */
function always(property: (done: Done) => void): void {
  fc.assert(
    fc.property(keys, keySteps, (key, run) => runKey(key, run).forEach(property)),
    { numRuns: 300 },
  );
}

describe('a take', () => {
  it('grants whole draws, as many as were asked for at most', () => {
    always(({ request, took }) => {
      if (request === null || took === null) return;
      assert.ok(took.granted >= 0 && took.granted <= request.units * request.count);
      assert.equal(took.granted % request.units, 0);
      assert.equal(took.granted > 0, took.reason === 'granted');
    });
  });

  it('never passes a budget: what was charged to an epoch less what came back is at most its limit', () => {
    fc.assert(
      fc.property(keys, keySteps, (key, run) => {
        const charged = new Map<number, number>();
        for (const { request, took, settled, after } of runKey(key, run)) {
          const entry = after.open.find(({ take }) => take === took?.take);
          if (request?.charge === 'all' && took !== null && entry !== undefined)
            for (const epoch of entry.epochs) charged.set(epoch, (charged.get(epoch) ?? 0) + took.granted);
          for (const epoch of settled?.entry.epochs ?? [])
            charged.set(epoch, (charged.get(epoch) ?? 0) - (settled?.back ?? 0));
          for (const { epoch, limit, used } of after.budgets) {
            assert.equal(used, charged.get(epoch) ?? 0);
            assert.ok(used >= 0 && used <= limit);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves an entry until it is settled where the key has budgets, 64 at most, and none elsewhere', () => {
    always(({ request, took, before, after }) => {
      assert.ok(after.open.length <= OPEN_TAKES_MAX);
      if (took === null || request === null) return;
      const entry = after.open.find(({ take }) => take === took.take);
      const charges = took.granted > 0 && request.charge === 'all' && before.budgets.length > 0;
      assert.equal(entry?.n, charges ? took.granted : undefined);
      for (const { take } of after.open) assert.ok(!request.settled.includes(take));
    });
  });

  it('of a late retry takes rate units only', () => {
    always(({ request, before, after }) => {
      if (request?.charge !== 'rate') return;
      assert.deepEqual(after.budgets, before.budgets);
      assert.equal(after.epoch, before.epoch);
    });
  });
});

describe('a take among others', () => {
  it('never goes back in time, whatever the clock of the store does', () => {
    always(({ took, now, before, after }) => {
      assert.ok(after.takenAt >= before.takenAt);
      if (took === null) return;
      assert.equal(took.at, Math.max(now, before.takenAt));
      assert.equal(after.takenAt, took.granted > 0 ? took.at : before.takenAt);
    });
  });

  it('with an older revision of the tier than the row has seen is refused and changes nothing else', () => {
    always(({ request, took, before, after }) => {
      if (request === null || took === null || request.revision >= before.revision) return;
      assert.deepEqual([took.reason, took.granted, took.nextAt], ['stale', 0, null]);
      assert.deepEqual({ ...after, open: [] }, { ...before, open: [] });
    });
  });

  it('names a later moment when it refuses, or none when waiting does not help', () => {
    always(({ took }) => {
      if (took?.reason === 'exhausted' || took?.reason === 'short')
        assert.ok(took.nextAt === null || took.nextAt > took.at);
    });
  });

  it('never gives one epoch to two counts', () => {
    fc.assert(
      fc.property(keys, keySteps, (key, run) => {
        const owner = new Map<number, string>();
        for (const { after } of runKey(key, run)) {
          for (const [i, { epoch, startAt }] of after.budgets.entries()) {
            assert.ok(epoch <= after.epoch);
            if (startAt === null) continue;
            const count = `${i} since ${startAt}`;
            assert.equal(owner.get(epoch) ?? count, count);
            owner.set(epoch, count);
          }
        }
      }),
    );
  });
});
