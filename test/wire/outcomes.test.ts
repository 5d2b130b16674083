import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type Attacked as Asked, attacked as asked, STORES } from './attacked.ts';
import { refused } from './json-call.ts';

type Body = Readonly<Record<string, unknown>>;

interface KeyShown {
  readonly state: string;
  readonly stateReason?: string;
  readonly condition: string;
  readonly inFlight?: number;
  readonly failureStreak?: number;
  readonly cooldowns?: readonly { readonly feature?: string; readonly endTime: string }[];
  readonly quarantineTime?: string;
  readonly trialTime?: string;
  readonly budgets?: readonly Readonly<Record<string, unknown>>[];
}

let pools = 0;

for (const store of STORES)
  describe(`outcomes over the wire, on ${store}`, () => {
    let service: Asked;
    before(async () => {
      service = await asked(store);
    });
    after(() => service[Symbol.asyncDispose]());

    async function ok(method: string, body: Body, token?: string): Promise<Body> {
      const answer = await service.call(method, body, token === undefined ? {} : { token });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    }

    /** A tier with one feature, its keys, and a consumer that may draw from it. */
    async function poolOf(tier: Body, ...keys: readonly Body[]) {
      pools += 1;
      const id = `pool-${pools}`;
      const feature = `feature-${pools}`;
      const limits = (tier.limits as readonly Body[] | undefined) ?? [];
      const { limits: _limits, ...policy } = tier;
      await ok('AdminService/CreateTier', { tier: { id, features: [{ name: feature, limits }], ...policy } });
      const keyIds: string[] = [];
      for (const [i, key] of keys.entries()) {
        const value = `upstream-value-${id}-${i}`;
        const { key: made } = await ok('AdminService/CreateKey', { key: { tierId: id, value, ...key } });
        keyIds.push((made as { id: string }).id);
      }
      const { id: consumerId, token } = await service.issue({});
      await ok('AdminService/GrantTier', { consumerId, tierId: id });
      const draw = (parts: Body = {}) =>
        service.call('KeyPoolService/DrawKey', { feature, ...parts }, { token });
      const drawn = async (parts: Body = {}) =>
        String((await ok('KeyPoolService/DrawKey', { feature, ...parts }, token)).drawId);
      const report = (drawId: string, outcome: string, parts: Body = {}) =>
        service.call(
          'KeyPoolService/ReportOutcome',
          { drawId, outcome: `OUTCOME_${outcome}`, ...parts },
          { token },
        );
      const reported = async (drawId: string, outcome: string, parts: Body = {}) => {
        const answer = await report(drawId, outcome, parts);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      };
      const shown = async (keyId = keyIds[0]) =>
        (await ok('AdminService/GetKey', { id: keyId })).key as unknown as KeyShown;
      return { id, feature, keyIds, consumerId, token, draw, drawn, report, reported, shown };
    }

    it('rest what the upstream refused, as long as it said, and are listed with their draw', async () => {
      const pool = await poolOf({}, {});
      const drawId = await pool.drawn();
      const said = { retryAfter: '40s', statusCode: 429, message: 'slow down' };
      await pool.reported(drawId, 'RATE_LIMITED', said);
      const key = await pool.shown();
      assert.deepEqual([key.condition, key.failureStreak], ['KEY_CONDITION_COOLING', 1]);
      assert.deepEqual(
        key.cooldowns?.map(({ feature }) => feature),
        [pool.feature],
      );
      const answer = await pool.draw();
      refused(answer, 429, 'POOL_EXHAUSTED');
      const retryAfter = Number(answer.headers.get('retry-after'));
      assert.ok(retryAfter > 30 && retryAfter <= 41, String(retryAfter));
      const { usageEvents } = await ok('AdminService/ListUsageEvents', { keyId: pool.keyIds[0] });
      const [event] = usageEvents as readonly Body[];
      assert.deepEqual(
        [event?.drawId, event?.outcome, event?.statusCode, event?.reportMessage],
        [drawId, 'OUTCOME_RATE_LIMITED', 429, 'slow down'],
      );
      assert.equal(typeof event?.reportTime, 'string');
    });

    it('stand once: the same again changes nothing, another is refused, and so is another consumer', async () => {
      const pool = await poolOf({}, { budgets: [{ limit: '100' }] });
      const other = await poolOf({}, {});
      const drawId = await pool.drawn({ units: 10 });
      const taken = await other.report(drawId, 'OK');
      refused(taken, 404, 'DRAW_NOT_FOUND');
      for (let i = 0; i < 2; i += 1) await pool.reported(drawId, 'OK', { units: 4 });
      refused(await pool.report(drawId, 'TIMEOUT'), 409, 'OUTCOME_REPORTED');
      const [budget] = (await pool.shown()).budgets ?? [];
      assert.deepEqual([budget?.used, budget?.remaining], ['4', '96']);
      refused(await pool.report('no-such-draw', 'OK'), 404, 'DRAW_NOT_FOUND');
      refused(await pool.report(drawId, 'UNSPECIFIED'), 400, 'INVALID_FIELD');
    });

    it('charge what was used beyond a limit, which is worked off before the key is drawn again', async () => {
      const pool = await poolOf({}, { budgets: [{ limit: '10' }] });
      const drawId = await pool.drawn({ units: 4 });
      await pool.reported(drawId, 'OK', { units: 13 });
      const [budget] = (await pool.shown()).budgets ?? [];
      assert.deepEqual([budget?.used, budget?.remaining ?? '0', budget?.debt], ['13', '0', '3']);
      await eventually('the draw is settled, and nothing can come back', async () =>
        (await pool.draw()).status === 400 ? true : null,
      );
      refused(await pool.draw(), 400, 'POOL_EMPTY');
    });

    it('quarantine a key, say why and since when, and a trial lets it back', async () => {
      const pool = await poolOf({}, {});
      await pool.reported(await pool.drawn(), 'UNAUTHORIZED', { statusCode: 401 });
      const key = await pool.shown();
      assert.deepEqual([key.state, key.condition], ['KEY_STATE_QUARANTINED', 'KEY_CONDITION_QUARANTINED']);
      assert.ok(key.stateReason !== undefined && key.stateReason !== '', 'says why');
      assert.equal(typeof key.quarantineTime, 'string');
      refused(await pool.draw(), 400, 'POOL_EMPTY');
      await ok('AdminService/TrialKey', { id: pool.keyIds[0] });
      const trial = await pool.drawn();
      assert.notEqual((await pool.draw()).status, 200, 'one draw on trial, not two');
      await pool.reported(trial, 'OK');
      const back = await pool.shown();
      assert.deepEqual([back.state, back.stateReason ?? ''], ['KEY_STATE_ACTIVE', '']);
      await pool.drawn();
      refused(
        await service.call('AdminService/TrialKey', { id: pool.keyIds[0] }),
        400,
        'KEY_NOT_QUARANTINED',
      );
    });

    it('free a place in flight, and show what is under way', async () => {
      const pool = await poolOf({ settleTimeout: '60s', maxInFlight: 1 }, { budgets: [{ limit: '100' }] });
      const drawId = await pool.drawn({ units: 5 });
      const key = await pool.shown();
      assert.equal(key.inFlight, 1);
      assert.equal(key.budgets?.[0]?.reserved, '5');
      refused(await pool.draw(), 429, 'POOL_EXHAUSTED');
      await pool.reported(drawId, 'OK');
      await pool.drawn();
    });

    it('come in batches, each by itself', async () => {
      const pool = await poolOf({}, {});
      const [first, second] = [await pool.drawn(), await pool.drawn()];
      await pool.reported(second, 'OK');
      const reports = [
        { drawId: first, outcome: 'OUTCOME_OK' },
        { drawId: second, outcome: 'OUTCOME_TIMEOUT' },
        { drawId: 'none', outcome: 'OUTCOME_OK' },
      ];
      const { results } = await ok('KeyPoolService/BatchReportOutcomes', { reports }, pool.token);
      assert.deepEqual(results, [
        { drawId: first, code: 'OUTCOME_REPORT_CODE_REPORTED' },
        { drawId: second, code: 'OUTCOME_REPORT_CODE_ALREADY_REPORTED' },
        { drawId: 'none', code: 'OUTCOME_REPORT_CODE_DRAW_NOT_FOUND' },
      ]);
      const doubled = { reports: [reports[0], reports[0]] };
      const answer = await service.call('KeyPoolService/BatchReportOutcomes', doubled, { token: pool.token });
      refused(answer, 400, 'INVALID_FIELD');
    });

    it('of keys in a quota group are bounded together, and the group is kept while it has keys', async () => {
      const id = `group-${store}`.toLowerCase();
      const limits = [{ limit: 3, window: '3600s' }];
      const { quotaGroup } = await ok('AdminService/CreateQuotaGroup', { quotaGroup: { id, limits } });
      refused(
        await service.call('AdminService/CreateQuotaGroup', { quotaGroup: { id } }),
        409,
        'QUOTA_GROUP_EXISTS',
      );
      const pool = await poolOf({}, { quotaGroupId: id }, { quotaGroupId: id });
      for (let i = 0; i < 3; i += 1) await pool.drawn();
      refused(await pool.draw(), 429, 'POOL_EXHAUSTED');
      const { etag } = quotaGroup as { etag: string };
      const raise = {
        quotaGroup: { id, etag, limits: [{ limit: 4, window: '3600s' }] },
        updateMask: 'limits',
      };
      await ok('AdminService/UpdateQuotaGroup', raise);
      refused(await service.call('AdminService/UpdateQuotaGroup', raise), 409, 'ETAG_MISMATCH');
      await pool.drawn();
      refused(await pool.draw(), 429, 'POOL_EXHAUSTED');
      refused(await service.call('AdminService/DeleteQuotaGroup', { id }), 400, 'QUOTA_GROUP_NOT_EMPTY');
      for (const keyId of pool.keyIds) await ok('AdminService/DeleteKey', { id: keyId });
      await ok('AdminService/DeleteQuotaGroup', { id });
      refused(await service.call('AdminService/GetQuotaGroup', { id }), 404, 'QUOTA_GROUP_NOT_FOUND');
      const { quotaGroups } = await ok('AdminService/ListQuotaGroups', {});
      assert.deepEqual(quotaGroups ?? [], []);
      const orphan = { key: { tierId: pool.id, value: 'upstream-value-orphan', quotaGroupId: id } };
      refused(await service.call('AdminService/CreateKey', orphan), 404, 'QUOTA_GROUP_NOT_FOUND');
    });

    it('settle budgets of a calendar, which are shown with their end', async () => {
      const calendar = { unit: 'CALENDAR_UNIT_MONTH', timeZone: 'Europe/Berlin' };
      const pool = await poolOf({}, { budgets: [{ limit: '50', calendar }] });
      await pool.reported(await pool.drawn({ units: 7 }), 'OK', { units: 5 });
      const [budget] = (await pool.shown()).budgets ?? [];
      assert.deepEqual([budget?.used, budget?.remaining, budget?.calendar], ['5', '45', calendar]);
      assert.ok(Date.parse(String(budget?.resetTime)) > Date.now());
      const wrong = [{ limit: '50', calendar: { unit: 'CALENDAR_UNIT_DAY', timeZone: 'Europe/Nowhere' } }];
      const key = { tierId: pool.id, value: 'upstream-value-wrong', budgets: wrong };
      refused(await service.call('AdminService/CreateKey', { key }), 400, 'INVALID_FIELD');
    });
  });
