import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReportRounds } from '../../src/domain/report-rounds.ts';
import type { OutcomeReport } from '../../src/model/outcome-report.ts';
import { StoreError } from '../../src/store/errors.ts';
import type { ReportResult } from '../../src/store/port.ts';
import { testClock } from '../support/test-clock.ts';
import { nextTurn, settled } from './held-rounds.ts';
import { refused } from './refusals.ts';

function reportOf(drawId: string): OutcomeReport {
  return {
    drawId,
    consumerId: null,
    outcome: 'ok',
    retryAfterMs: null,
    statusCode: null,
    units: null,
    message: null,
    jitter: 0,
  };
}

/** Rounds that end when they are told to; each result names its draw. */
function heldRounds() {
  const rounds: { readonly drawIds: readonly string[]; readonly end: (failure?: Error) => void }[] = [];
  const store = {
    reportRound: (reports: readonly OutcomeReport[]) =>
      new Promise<readonly ReportResult[]>((resolve, reject) => {
        const results = reports.map(
          ({ drawId }): ReportResult => ({ kind: 'reported', isNew: true, tierId: drawId, feature: '' }),
        );
        const end = (failure?: Error) => (failure === undefined ? resolve(results) : reject(failure));
        rounds.push({ drawIds: reports.map(({ drawId }) => drawId), end });
      }),
  };
  return { rounds, store };
}

describe('reports', () => {
  it('that arrive together go into one round, and each call gets its own answers', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const calls = [['a'], ['b', 'c'], ['d']].map((ids) => reports.report(ids.map(reportOf)));
    await settled();
    assert.deepEqual(
      rounds.map(({ drawIds }) => drawIds),
      [['a', 'b', 'c', 'd']],
    );
    rounds[0]?.end();
    const answers = await Promise.all(calls);
    const named = answers.map((results) =>
      results.map((result) => (result.kind === 'reported' ? result.tierId : result.kind)),
    );
    assert.deepEqual(named, [['a'], ['b', 'c'], ['d']]);
  });

  it('that arrive in several turns go into one round', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const calls = [];
    for (const id of ['a', 'b', 'c']) {
      calls.push(reports.report([`${id}1`, `${id}2`].map(reportOf)), reports.report([reportOf(id)]));
      await nextTurn();
    }
    await settled();
    assert.deepEqual(
      rounds.map(({ drawIds }) => drawIds.join()),
      ['a1,a2,a,b1,b2,b,c1,c2,c'],
    );
    rounds[0]?.end();
    await Promise.all(calls);
  });

  it('that come alone, many with one call too, or that fill a round, begin in their turn', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const many = (count: number) => Array.from({ length: count }, (_, i) => reportOf(String(i)));
    const calls = [reports.report(many(20))];
    await nextTurn();
    calls.push(reports.report(many(200)), reports.report(many(56)));
    await nextTurn();
    assert.deepEqual(
      rounds.map(({ drawIds }) => drawIds.length),
      [20, 256],
    );
    for (const { end } of rounds) end();
    await Promise.all(calls);
  });

  it('that arrive while two rounds are under way wait for the next, of 256 at most', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const report = (name: string, count: number) =>
      reports.report(Array.from({ length: count }, (_, i) => reportOf(`${name}${i}`)));
    const calls = [];
    for (const name of ['a', 'b']) {
      calls.push(report(name, 1));
      await settled();
    }
    for (const name of ['c', 'd', 'e']) calls.push(report(name, 100));
    await settled();
    assert.equal(rounds.length, 2);
    rounds[0]?.end();
    await calls[0];
    await settled();
    assert.deepEqual(
      rounds.map(({ drawIds }) => drawIds.length),
      [1, 1, 200],
    );
    rounds[1]?.end();
    await calls[1];
    await settled();
    assert.equal(rounds[3]?.drawIds.length, 100);
    rounds[2]?.end();
    rounds[3]?.end();
    await Promise.all(calls);
    await reports.idle();
  });

  it('whose round fails are told so, and the next are served', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const failing = reports.report([reportOf('a')]);
    await settled();
    rounds[0]?.end(new StoreError('unavailable', 'gone'));
    await assert.rejects(failing, StoreError);
    const served = reports.report([reportOf('b')]);
    await settled();
    rounds[1]?.end();
    assert.equal((await served).length, 1);
  });

  it('of which too many wait are told to come again', async () => {
    const { rounds, store } = heldRounds();
    const reports = createReportRounds(store, testClock().monotonicMs);
    const many = Array.from({ length: 100 }, (_, i) => reportOf(String(i)));
    const calls = Array.from({ length: 100 }, () => reports.report(many));
    const error = await refused(reports.report([reportOf('more')]), 'OVERLOADED');
    assert.ok(error.retryAfterMs !== null && error.retryAfterMs > 0);
    let answered = 0;
    for (const call of calls) void call.then(() => (answered += 1));
    for (let ended = 0; answered < calls.length; ) {
      const round = rounds[ended];
      round?.end();
      if (round !== undefined) ended += 1;
      await settled();
    }
  });
});
