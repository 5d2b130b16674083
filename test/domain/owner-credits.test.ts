import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deleteOwnerCredits } from '../../src/domain/delete-owner-credits.ts';
import { listOwnerCredits } from '../../src/domain/list-owner-credits.ts';
import { setOwnerCredits } from '../../src/domain/set-owner-credits.ts';
import { consumerOf } from '../support/store-rows.ts';
import { callOf, openDomain } from './open-domain.ts';

const PAGE = { pageSize: 0, pageToken: '' };

describe("an owner's credits", () => {
  it('are set with an admin event that says from what to what', async (t) => {
    const { context, root } = await openDomain(t);
    for (const creditsPerMinute of [5, 5, 9])
      await setOwnerCredits(context, root, { owner: 'team', creditsPerMinute });
    await deleteOwnerCredits(context, root, 'team');
    const { items } = await context.store.listAdminEvents({}, { after: null, limit: 10 });
    assert.deepEqual(
      items.map(({ action, changes }) => [action, changes[0]?.before, changes[0]?.after]),
      [
        ['DeleteOwnerCredits', '9', null],
        ['SetOwnerCredits', '5', '9'],
        ['SetOwnerCredits', null, '5'],
      ],
    );
  });

  it('are refused with a bad owner or number', async (t) => {
    const { context, root } = await openDomain(t);
    for (const [owner, creditsPerMinute, field] of [
      ['', 5, 'owner'],
      ['x'.repeat(201), 5, 'owner'],
      ['two\nlines', 5, 'owner'],
      ['team', 0, 'creditsPerMinute'],
      ['team', 1.5, 'creditsPerMinute'],
      ['team', 1_000_000_001, 'creditsPerMinute'],
    ] as const)
      await assert.rejects(setOwnerCredits(context, root, { owner, creditsPerMinute }), {
        reason: 'INVALID_FIELD',
        message: new RegExp(`^${field}: `),
      });
    await assert.rejects(deleteOwnerCredits(context, root, 'nobody'), { reason: 'OWNER_CREDITS_NOT_FOUND' });
    assert.deepEqual((await listOwnerCredits(context, root, PAGE)).items, []);
  });

  it('are for admins to see and to set', async (t) => {
    const { context } = await openDomain(t);
    const reader = callOf(consumerOf({ scopes: ['admin.read'] }));
    const other = callOf(consumerOf({ owner: 'team' }));
    await listOwnerCredits(context, reader, PAGE);
    const refused = { reason: 'ADMIN_REQUIRED' };
    await assert.rejects(listOwnerCredits(context, other, PAGE), refused);
    for (const call of [reader, other]) {
      await assert.rejects(setOwnerCredits(context, call, { owner: 'team', creditsPerMinute: 5 }), refused);
      await assert.rejects(deleteOwnerCredits(context, call, 'team'), refused);
    }
  });
});
