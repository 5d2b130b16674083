import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { ImportFormat } from '../../gen/keypool/v1/key_bulk_messages_pb.ts';
import { KeyState } from '../../gen/keypool/v1/key_pb.ts';
import { type InMemory, inMemory } from './in-memory.ts';

/** A value that appears nowhere else. */
const freshValue = () => `upstream-${randomBytes(12).toString('hex')}`;

describe('an import of keys', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
    await service.clients().admin.createTier({ tier: { id: 't', features: [{ name: 'f' }] } });
  });
  after(() => service[Symbol.asyncDispose]());

  const send = (format: ImportFormat, lines: readonly string[], dryRun = false) =>
    service.clients().admin.importKeys({ tierId: 't', format, content: lines.join('\n'), dryRun });
  const csv = (lines: readonly string[], dryRun = false) => send(ImportFormat.CSV, lines, dryRun);
  const json = (keys: readonly (object | string)[], dryRun = false) =>
    send(
      ImportFormat.JSON_LINES,
      keys.map((key) => (typeof key === 'string' ? key : JSON.stringify(key))),
      dryRun,
    );
  const count = async () => (await service.clients().admin.listKeys({ pageSize: 1000 })).keys.length;

  it('creates what the columns of CSV say', async () => {
    const value = freshValue();
    const { importedCount, keys, problems } = await csv([
      'name,value,state,state_reason,expire_time,metadata.region,secrets.sas,weight,budget_limit,budget_window',
      `"a ""first"", one",${value},disabled,not yet,2999-01-01T00:00:00Z,eu,${freshValue()},7,500,3600s`,
      '',
      `,${freshValue()},,,,,,,,`,
    ]);
    assert.deepEqual([importedCount, problems], [2, []]);
    const [first, second] = keys;
    assert.deepEqual(
      [first?.name, first?.state, first?.stateReason],
      ['a "first", one', KeyState.DISABLED, 'not yet'],
    );
    assert.deepEqual([first?.metadata, first?.secretNames, first?.weight], [{ region: 'eu' }, ['sas'], 7]);
    assert.deepEqual(
      first?.budgets.map(({ limit, window }) => [limit, window?.seconds]),
      [[500n, 3600n]],
    );
    assert.deepEqual([second?.state, second?.budgets, second?.metadata], [KeyState.ACTIVE, [], {}]);
    assert.equal(first?.valueHint, value.slice(-4));
  });

  it('creates what lines of JSON say, as CreateKey takes it', async () => {
    const budgets = [{ limit: '5', calendar: { unit: 'CALENDAR_UNIT_DAY', timeZone: 'Europe/Berlin' } }];
    const { importedCount, keys } = await json([{ tierId: 't', name: 'j', value: freshValue(), budgets }]);
    assert.deepEqual([importedCount, keys[0]?.name], [1, 'j']);
    assert.equal(keys[0]?.budgets[0]?.calendar?.timeZone, 'Europe/Berlin');
  });

  it('reports every bad line and writes nothing, with a dry run and without', async () => {
    const taken = freshValue();
    await json([{ value: taken }]);
    const there = await count();
    const twice = freshValue();
    const secret = freshValue();
    const lines = [
      { value: freshValue() },
      { value: twice },
      { value: taken },
      { name: 'x' },
      `{"value": "${secret}`,
      { value: freshValue(), [secret]: secret },
      { value: freshValue(), weight: secret, expireTime: secret, state: secret },
      { value: twice },
      { value: freshValue(), weight: 1001, quotaGroupId: 'none' },
      { value: freshValue(), quotaGroupId: 'none' },
      { value: freshValue(), tierId: 'other' },
      {
        value: freshValue(),
        budgets: [{ limit: '1', calendar: { unit: 'CALENDAR_UNIT_DAY', timeZone: secret } }],
      },
      { value: freshValue(), id: 'mine', state: 'KEY_STATE_QUARANTINED' },
    ];
    for (const dryRun of [true, false]) {
      const answer = await json(lines, dryRun);
      assert.deepEqual(
        answer.problems.map(({ line, field }) => [line, field]),
        [
          [3, 'value'],
          [4, 'value'],
          [5, ''],
          [6, ''],
          [7, 'weight'],
          [7, 'expireTime'],
          [7, 'state'],
          [8, 'value'],
          [9, 'weight'],
          [10, 'quotaGroupId'],
          [11, 'tierId'],
          [12, 'budgets[0].calendar.timeZone'],
          [13, 'id'],
          [13, 'state'],
        ],
      );
      assert.deepEqual([answer.importedCount, answer.keys, answer.problemsCapped], [0, [], false]);
      for (const { message } of answer.problems) assert.notEqual(message, '');
      const told = JSON.stringify(answer.problems) + JSON.stringify(service.served.log);
      for (const text of [secret, twice, taken]) assert.ok(!told.includes(text));
    }
    assert.equal(await count(), there);
  });

  it('does not say how an entry is named that is wrong', async () => {
    const name = `not a name: ${freshValue()}`;
    const { problems } = await json([{ value: freshValue(), secrets: { [name]: 'x' } }], true);
    assert.deepEqual(
      problems.map(({ line, field }) => [line, field]),
      [[1, 'secrets']],
    );
    const { problems: long } = await json(
      [{ value: freshValue(), metadata: { [name.repeat(9)]: 'x' } }],
      true,
    );
    assert.deepEqual(
      long.map(({ field }) => field),
      ['metadata'],
    );
  });

  it('with a first line that names very many columns is refused at once', async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `metadata.${i}`);
    const { problems } = await csv(['value,x'.repeat(1000), 'v'], true);
    assert.equal(problems.length, 1);
    const { problems: others } = await csv([names.join(','), 'v'], true);
    assert.deepEqual([others.length, others[0]?.line], [1, 1]);
  });

  it('reports what is wrong with the first line of CSV without saying what it is', async () => {
    const secret = freshValue();
    const { problems } = await csv([`name,${secret},name`, `a,${freshValue()},b`], true);
    assert.deepEqual(
      problems.map(({ line, field }) => [line, field]),
      [
        [1, ''],
        [1, ''],
        [1, 'value'],
      ],
    );
    assert.ok(!JSON.stringify(problems).includes(secret));
    const { problems: uneven } = await csv(['value,name', freshValue(), `${freshValue()},"open`], true);
    assert.deepEqual(
      uneven.map(({ line }) => line),
      [2, 3],
    );
  });

  it('looks at up to 10,000 keys in a dry run and creates up to 1,000', async () => {
    const many = (n: number) => Array.from({ length: n }, () => ({ value: freshValue() }));
    const there = await count();
    const { importedCount } = await json(many(1001), true);
    assert.deepEqual([importedCount, await count()], [1001, there]);
    const tooMany = (error: unknown) => error instanceof ConnectError && error.code === Code.InvalidArgument;
    await assert.rejects(json(many(1001)), tooMany);
    await assert.rejects(csv(['value']), tooMany);
    const bad = await json(
      Array.from({ length: 1001 }, () => ({})),
      true,
    );
    assert.deepEqual([bad.problems.length, bad.problemsCapped], [1000, true]);
  });

  it('needs its tier, and shows in the audit', async () => {
    const { admin } = service.clients();
    const format = ImportFormat.CSV;
    const content = 'value\nx';
    await assert.rejects(
      admin.importKeys({ tierId: 'none', format, content }),
      (error) => error instanceof ConnectError && error.code === Code.NotFound,
    );
    const { adminEvents } = await admin.listAdminEvents({ pageSize: 1000 });
    assert.ok(adminEvents.some(({ action }) => action === 'ImportKeys'));
  });
});
