import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { StoreError } from '../errors.ts';
import { createTransactions } from './transaction.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Transactions on a table of words, and how many were committed. */
function openWords() {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE words (word TEXT PRIMARY KEY)');
  let commits = 0;
  const committed = (): void => {
    commits += 1;
  };
  const transactions = createTransactions(db, [{ committed, undone: () => {} }]);
  const add = (word: string) => (): string => {
    db.prepare('INSERT INTO words VALUES (?)').run(word);
    return word;
  };
  const words = () =>
    db
      .prepare('SELECT word FROM words ORDER BY word')
      .all()
      .map(({ word }) => word);
  return { transactions, add, words, commits: () => commits };
}

describe('SQLite: what is to be written soon', () => {
  it('is committed with the next write that takes it along, turns later too', async () => {
    const { transactions, add, words, commits } = openWords();
    const soon = [transactions.writeTogether(add('a')), transactions.writeTogether(add('b'))];
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    assert.equal(commits(), 0);
    assert.equal(transactions.writeAll(add('c')), 'c');
    assert.equal(commits(), 1);
    assert.deepEqual(await Promise.all(soon), ['a', 'b']);
    for (let turn = 0; turn < 8; turn += 1) await nextTurn();
    assert.equal(commits(), 1);
    assert.deepEqual(words(), ['a', 'b', 'c']);
  });

  it('waits for itself, however long what was written before has waited', async () => {
    const { transactions, add, words, commits } = openWords();
    const first = transactions.writeTogether(add('a'));
    await nextTurn();
    await nextTurn();
    transactions.writeAll(add('b'));
    const second = transactions.writeTogether(add('c'));
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    assert.equal(commits(), 1);
    assert.deepEqual(await Promise.all([first, second]), ['a', 'c']);
    assert.deepEqual([words(), commits()], [['a', 'b', 'c'], 2]);
  });

  it('is written before the write that takes it along', () => {
    const { transactions, words } = openWords();
    void transactions.writeTogether(() => undefined);
    let found: unknown;
    void transactions.writeTogether(() => {
      found = words();
    });
    transactions.writeAll(() => assert.notEqual(found, undefined));
  });

  it('is committed by itself where no such write comes, all that has gathered at once', async () => {
    const { transactions, add, words, commits } = openWords();
    const soon = [transactions.writeTogether(add('a'))];
    await nextTurn();
    soon.push(transactions.writeTogether(add('b')));
    assert.deepEqual(await Promise.all(soon), ['a', 'b']);
    assert.equal(commits(), 1);
    assert.equal(await transactions.writeTogether(add('c')), 'c');
    assert.deepEqual([words(), commits()], [['a', 'b', 'c'], 2]);
  });

  it('fails alone, and takes nothing along', async () => {
    const { transactions, add, words } = openWords();
    transactions.write(add('a'));
    const failing = transactions.writeTogether(add('a'));
    const soon = transactions.writeTogether(add('b'));
    assert.equal(transactions.writeAll(add('c')), 'c');
    await assert.rejects(failing, StoreError);
    assert.equal(await soon, 'b');
    assert.deepEqual(words(), ['a', 'b', 'c']);
  });
});
