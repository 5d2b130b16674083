import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budgetAlertKinds } from './alert.ts';
import { createBudgetWatch } from './budget-watch.ts';
import { DELIVERY_SPAN_MS, nextAttemptAt, wants } from './webhook.ts';

const jitter = fc.double({ min: 0, max: 0.999, noNaN: true });

describe('the next attempt', () => {
  it('comes after 1 s to 1 h, each pause twice the one before, shortened by up to a half', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), jitter, (attempts, random) => {
        const at = nextAttemptAt({ attempts, createdAt: 0 }, 0, random) ?? Number.NaN;
        const most = Math.min(3_600_000, 1000 * 2 ** (attempts - 1));
        assert.ok(at <= most && at >= most / 2 - 1, `${attempts}: ${at}`);
      }),
    );
  });

  it('never comes later than 3 days after the first was due', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        jitter,
        fc.nat(2 * DELIVERY_SPAN_MS),
        (attempts, random, now) => {
          const at = nextAttemptAt({ attempts, createdAt: 0 }, now, random);
          assert.ok(at === null ? now + 3_600_000 > DELIVERY_SPAN_MS : at <= DELIVERY_SPAN_MS);
        },
      ),
    );
  });

  it('is tried about 80 times in these days', () => {
    let now = 0;
    let attempts = 1;
    for (let at: number | null = 0; at !== null; attempts += 1) {
      now = at;
      at = nextAttemptAt({ attempts, createdAt: 0 }, now, 0);
    }
    assert.ok(attempts > 75 && attempts < 90, String(attempts));
  });
});

describe('a budget', () => {
  it('calls for an alert from 80 % and from 100 % on, exactly', () => {
    const limits = fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant(Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(limits, fc.double({ min: 0, max: 2, noNaN: true }), (limit, part) => {
        const used = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(limit * part));
        const expected = [
          ...(BigInt(used) * 100n >= BigInt(limit) * 80n ? ['budget_80'] : []),
          ...(used >= limit ? ['budget_100'] : []),
        ];
        assert.deepEqual(budgetAlertKinds({ limit, used }), expected);
      }),
    );
  });

  it('is noted when there is something new to tell, once', () => {
    const watch = createBudgetWatch<string>();
    const see = (used: number, epoch = 1) => watch.see('key', [{ limit: 10, used, epoch }]);
    const noted = (work: () => void) => {
      work();
      return watch.take().length;
    };
    assert.deepEqual(
      [7, 8, 9, 10, 11, 10].map((used) => noted(() => see(used))),
      [0, 1, 0, 1, 0, 0],
    );
    assert.equal(
      noted(() => see(10, 2)),
      1,
    );
    // What is foreseen may not come to be: it is noted until it is seen.
    const foresee = () => watch.foresee('other', [{ limit: 1, used: 1, epoch: 1 }]);
    assert.deepEqual([noted(foresee), noted(foresee)], [1, 1]);
    watch.see('other', [{ limit: 1, used: 1, epoch: 1 }]);
    assert.deepEqual([noted(() => {}), noted(foresee)], [1, 0]);
    watch.forget();
    assert.equal(
      noted(() => see(10, 2)),
      1,
    );
  });
});

it('a webhook wants the kinds it names, or all', () => {
  assert.ok(wants({ kinds: [] }, 'pool_low'));
  assert.ok(wants({ kinds: ['pool_low'] }, 'pool_low'));
  assert.ok(!wants({ kinds: ['pool_low'] }, 'budget_80'));
});
