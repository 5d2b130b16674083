import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemory, createWriteMemory } from './memory.ts';

describe('SQLite: a memory of rows', () => {
  it('holds so many entries and forgets all before it holds more', () => {
    const memory = createMemory<number, string>({ entriesMax: 2 });
    memory.set(1, 'a');
    memory.set(2, 'b');
    memory.set(2, 'c');
    assert.deepEqual([memory.get(1), memory.get(2)], ['a', 'c']);
    memory.set(3, 'd');
    assert.deepEqual([1, 2, 3].map(memory.get), [undefined, undefined, 'd']);
  });

  it('holds so much, counting what was replaced and deleted no more', () => {
    const memory = createMemory<number, string>({ entriesMax: 99, sizeMax: 10, sizeOf: (s) => s.length });
    for (let i = 0; i < 9; i++) memory.set(1, '4444');
    memory.set(2, '666666');
    memory.delete(1);
    memory.set(3, '4444');
    assert.deepEqual([memory.get(2), memory.get(3)], ['666666', '4444']);
    memory.set(4, '1');
    assert.deepEqual([2, 3, 4].map(memory.get), [undefined, undefined, '1']);
    memory.set(5, 'longer than all');
    assert.equal(memory.get(5), undefined);
  });

  it('forgets of a write that is undone what it wrote, and of one that was committed nothing', () => {
    const memory = createWriteMemory<number, string>({ entriesMax: 99 });
    for (const key of [1, 2, 3]) memory.set(key, 'row');
    memory.written(1);
    memory.committed();
    memory.written(2);
    memory.undone();
    memory.undone();
    assert.deepEqual([1, 2, 3].map(memory.get), ['row', undefined, 'row']);
  });
});
