import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { createWaitingLine, type Waiter } from '../../src/domain/waiting-line.ts';

/** What can happen to a line, each with a number to choose by. */
const STEP = fc.tuple(
  fc.constantFrom('join', 'join', 'join', 'leave', 'over', 'call', 'end', 'end'),
  fc.nat({ max: 99 }),
);

interface Model {
  waiting: Waiter[];
  called: Waiter[];
  width: number;
  unserved: number;
}

/** The same line as plainly as it can be said: sorted anew each time. */
function inOrder(waiters: readonly Waiter[]): Waiter[] {
  return waiters.toSorted((a, b) => a.order - b.order);
}

it('a line calls its first, whoever came back, left or was over meanwhile', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 200 }), (steps) => {
      const line = createWaitingLine<Waiter>();
      const model: Model = { waiting: [], called: [], width: 4, unserved: 0 };
      let order = 0;
      let now = 0;
      for (const [what, number] of steps) {
        switch (what) {
          case 'join': {
            order += 1;
            const waiter = { order, until: now + number };
            line.join(waiter);
            model.waiting = inOrder([...model.waiting, waiter]);
            break;
          }
          case 'leave': {
            const waiter = model.waiting[number];
            assert.equal(line.leave(waiter ?? { order: number, until: 0 }), waiter !== undefined);
            model.waiting = model.waiting.filter((other) => other !== waiter);
            break;
          }
          case 'over': {
            now += number;
            const over = model.waiting.filter(({ until }) => until <= now);
            assert.deepEqual(line.over(now), over);
            model.waiting = model.waiting.filter(({ until }) => until > now);
            break;
          }
          case 'call': {
            const head = model.called.length > 0 ? [] : model.waiting.splice(0, model.width);
            assert.deepEqual(line.call(), head);
            if (head.length > 0) Object.assign(model, { called: head, unserved: 0 });
            break;
          }
          case 'end': {
            const waiter = model.called.shift();
            if (waiter === undefined) break;
            const served = number % 4 > 0;
            const all = model.called.length === 0;
            if (!served) {
              model.unserved += 1;
              model.waiting = inOrder([...model.waiting, waiter]);
            }
            const found = line.end(served);
            assert.equal(found === null, !all);
            if (!served) line.join(waiter);
            if (!all) break;
            assert.equal(found === 'all', model.unserved === 0);
            model.width = model.unserved === 0 ? Math.min(model.width * 2, 256) : 4;
          }
        }
        assert.equal(line.size(), model.waiting.length);
        assert.equal(line.out(), model.called.length);
        assert.equal(line.nextOver(), Math.min(Infinity, ...model.waiting.map(({ until }) => until)));
      }
    }),
    { numRuns: 300 },
  );
});
