import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChargeRounds } from '../../src/domain/charge-rounds.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { Charge, Charged, ChargeResult } from '../../src/store/port.ts';
import { chargeOf } from '../support/charging.ts';
import { eventually } from '../support/eventually.ts';
import { testClock } from '../support/test-clock.ts';
import { nextTurn, settled } from './held-rounds.ts';

const GRANTED: Charged = { kind: 'charged', granted: true, at: 1, pools: [], replayed: false };

interface HeldRound {
  readonly charges: readonly Charge[];
  readonly end: (result?: ChargeResult) => void;
  readonly fail: (error: unknown) => void;
}

/** Rounds that end when the test says so. */
function held(chargeRoundsMax: number) {
  const begun: HeldRound[] = [];
  const rounds = createChargeRounds(
    {
      chargeRoundsMax,
      chargeRound: (charges) =>
        new Promise((resolve, reject) => {
          const end = (result: ChargeResult = GRANTED): void => resolve(charges.map(() => result));
          begun.push({ charges, end, fail: reject });
        }),
    },
    testClock().monotonicMs,
  );
  const round = (index: number): HeldRound => begun[index] ?? assert.fail(`only ${begun.length} were begun`);
  return { rounds, begun, round };
}

const costing = (cost: number): Charge => chargeOf([], cost);

describe('rounds of charges', () => {
  it('hold what arrived in one turn, and while the round before was under way', async () => {
    const { rounds, round } = held(1);
    const charges = [1, 2].map((cost) => rounds.charge(costing(cost)));
    await settled();
    charges.push(...[3, 4, 5].map((cost) => rounds.charge(costing(cost))));
    await settled();
    round(0).end();
    await settled();
    round(1).end();
    assert.deepEqual(
      [0, 1].map((index) => round(index).charges.map(({ cost }) => cost)),
      [
        [1, 2],
        [3, 4, 5],
      ],
    );
    assert.deepEqual(await Promise.all(charges), Array(5).fill(GRANTED));
  });

  it('hold what arrived in several turns, and begin at once where they are full', async () => {
    const { rounds, begun, round } = held(2);
    const charges = [];
    for (let turn = 0; turn < 3; turn += 1) {
      charges.push(rounds.charge(costing(1)), rounds.charge(costing(1)));
      await nextTurn();
    }
    assert.equal(begun.length, 0);
    await nextTurn();
    assert.equal(round(0).charges.length, 6);
    for (let i = 0; i < 256; i += 1) charges.push(rounds.charge(costing(1)));
    await nextTurn();
    assert.equal(round(1).charges.length, 256);
    round(0).end();
    round(1).end();
    await Promise.all(charges);
  });

  it('are as many at a time as the store takes, of 256 at most', async () => {
    const { rounds, begun, round } = held(2);
    const charges = Array.from({ length: 600 }, () => rounds.charge(costing(1)));
    await settled();
    assert.deepEqual(
      begun.map(({ charges: of }) => of.length),
      [256, 256],
    );
    round(0).end();
    round(1).end();
    await settled();
    assert.equal(round(2).charges.length, 88);
    round(2).end();
    await Promise.all(charges);
    await rounds.idle();
  });

  it('come again for a charge whose request id another call is at work with', async () => {
    const { rounds, begun, round } = held(1);
    const charged = rounds.charge(costing(1));
    await settled();
    round(0).end({ kind: 'again' });
    await eventually('it came again', () => (begun.length === 2 ? true : null));
    round(1).end({ kind: 'reused' });
    assert.deepEqual(await charged, { kind: 'reused' });
  });

  it('give up a charge that none of them settles, which does not mean that the store is gone', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { rounds, begun, round } = held(1);
    let isOver = false;
    const charged = rounds.charge(costing(1)).finally(() => {
      isOver = true;
    });
    const refused = assert.rejects(charged, { reason: 'OVERLOADED' });
    await settled();
    while (!isOver) {
      round(begun.length - 1).end({ kind: 'again' });
      await settled();
      t.mock.timers.tick(10_000);
      await settled();
    }
    await refused;
    assert.equal(begun.length, 13);
  });

  it('pass over callers that have gone', async () => {
    const { rounds, begun } = held(1);
    const gone = rounds.charge(costing(1), AbortSignal.abort());
    await assert.rejects(gone, { reason: 'CANCELED' });
    await rounds.idle();
    assert.equal(begun.length, 0);
  });

  it('tell what the store said', async () => {
    const { rounds, round } = held(1);
    const unknown = rounds.charge(costing(1));
    await settled();
    round(0).end({ kind: 'unavailable' });
    await assert.rejects(unknown, { reason: 'STORE_UNAVAILABLE' });
    const broken = rounds.charge(costing(1));
    await settled();
    round(1).fail(new StoreError('unavailable', 'gone'));
    await assert.rejects(broken, StoreError);
  });

  it('refuse more than can wait', async () => {
    const { rounds, round } = held(1);
    const charges = Array.from({ length: 10_000 }, () => rounds.charge(costing(1)));
    await assert.rejects(rounds.charge(costing(1)), { reason: 'OVERLOADED' });
    for (let index = 0; index * 256 < charges.length; index += 1) {
      await settled();
      round(index).end();
    }
    await Promise.all(charges);
  });
});
