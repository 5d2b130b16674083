import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createOpenedValues, type OpenedValuesBounds } from '../../src/domain/opened-values.ts';
import { createSealer, type SealedPlace, type Sealer } from '../../src/model/sealing.ts';

const VALUE: SealedPlace = { table: 'keys', row: 'key-1', field: 'value' };

/** Opened values over a sealer that counts what it is asked to open. */
function openValues(bounds?: OpenedValuesBounds) {
  const sealer = createSealer(randomBytes(32), [], randomBytes);
  let asked = 0;
  const counting: Sealer = {
    ...sealer,
    open: (stored, place) => {
      asked += 1;
      return sealer.open(stored, place);
    },
  };
  const values = createOpenedValues(counting, bounds);
  const place = (i: number): SealedPlace => ({ ...VALUE, row: `key-${i}` });
  const seal = (plain: string, at = VALUE) => sealer.seal(plain, at);
  return { values, seal, place, asked: () => asked };
}

describe('an opened value', () => {
  it('is opened once, and as long as it is kept given without a second opening', () => {
    const { values, seal, asked } = openValues();
    const sealed = seal('upstream-value-1');
    assert.equal(values.open(sealed, VALUE), 'upstream-value-1');
    assert.equal(values.open(sealed, VALUE), 'upstream-value-1');
    assert.equal(asked(), 1);
    values.forget(sealed);
    assert.equal(values.open(sealed, VALUE), 'upstream-value-1');
    assert.equal(asked(), 2);
  });

  for (const moved of [{ row: 'key-2' }, { field: 'secrets.account' }, { table: 'meta' }])
    it(`does not open elsewhere, also while it is kept: ${JSON.stringify(moved)}`, () => {
      const { values, seal } = openValues();
      const sealed = seal('upstream-value-1');
      values.open(sealed, VALUE);
      assert.throws(() => values.open(sealed, { ...VALUE, ...moved }), { name: 'SealBrokenError' });
      assert.equal(values.open(sealed, VALUE), 'upstream-value-1');
    });

  it('that is broken is not kept: it is looked at each time', () => {
    const { values, seal, asked } = openValues();
    const broken = `${seal('upstream-value-1').slice(0, -4)}AAAA`;
    for (let i = 0; i < 3; i += 1)
      assert.throws(() => values.open(broken, VALUE), { name: 'SealBrokenError' });
    assert.equal(asked(), 3);
  });

  it('that is plain text is given as it is, and not kept', () => {
    const { values, asked } = openValues();
    assert.equal(values.open('upstream-value-1', VALUE), 'upstream-value-1');
    assert.equal(values.open('upstream-value-1', VALUE), 'upstream-value-1');
    assert.equal(asked(), 2);
  });

  it('gives way to others when there are too many, the least recently drawn first', () => {
    const { values, seal, place, asked } = openValues({ entriesMax: 2, bytesMax: 1_000_000 });
    const [one, two, three] = [1, 2, 3].map((i) => ({
      sealed: seal('upstream-value', place(i)),
      at: place(i),
    }));
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    for (const { sealed, at } of [one, two, one, three, one]) values.open(sealed, at);
    assert.equal(asked(), 3);
    values.open(two.sealed, two.at);
    assert.equal(asked(), 4);
  });

  it('gives way to others when they take too much room, and is never kept when it does alone', () => {
    const { values, seal, place, asked } = openValues({ entriesMax: 1000, bytesMax: 10_000 });
    const long = 'x'.repeat(1000);
    const all = [1, 2, 3, 4].map((i) => ({ sealed: seal(long, place(i)), at: place(i) }));
    for (const { sealed, at } of [...all, ...all]) values.open(sealed, at);
    assert.equal(asked(), 8, 'four of them do not fit, and each is used least recently when its turn comes');
    const longer = seal('x'.repeat(10_000));
    for (let i = 0; i < 2; i += 1) assert.equal(values.open(longer, VALUE).length, 10_000);
    assert.equal(asked(), 10);
  });
});
