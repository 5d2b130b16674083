import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowSubject } from '../../src/domain/allow-subject.ts';
import { currentIdentity } from '../../src/domain/authenticate.ts';
import { requireAdmin, requireScope } from '../../src/domain/authorize.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { denySubject } from '../../src/domain/deny-subject.ts';
import { drawQueues } from '../../src/domain/draw-queues.ts';
import { newTier } from './examples.ts';
import { openAsking, subjectOf } from './open-asking.ts';
import { callBy } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

describe('a subject', () => {
  it('may do nothing of Keypool’s own, whatever its scopes are called', async (t) => {
    const { answers, enter } = await openAsking(t);
    answers.set('opaque', subjectOf('ada', { scopes: ['admin', 'admin.read', 'tokens.verify'] }));
    const identity = await enter('opaque');
    assert.throws(() => requireAdmin(identity, 'read'), { reason: 'ADMIN_REQUIRED' });
    assert.throws(() => requireScope(identity, 'tokens.verify'), { reason: 'SCOPE_REQUIRED' });
  });

  it('may draw from the tiers it was given', async (t) => {
    const { answers, enter, context, root } = await openAsking(t);
    await createTier(context, root, newTier());
    answers.set('with', subjectOf('ada', { tiers: ['basic', 'gone'] }));
    answers.set('without', subjectOf('bob'));
    const queues = await drawQueues(context, await enter('with'), 'scrape', null);
    assert.deepEqual(
      queues.map(({ tierId }) => tierId),
      ['basic'],
    );
    assert.equal(await drawQueues(context, await enter('with'), 'scrape', null), queues);
    await refused(drawQueues(context, await enter('without'), 'scrape', null), 'FEATURE_NOT_GRANTED');
  });

  it('that an admin denies is refused at once, whatever is remembered, until it is allowed', async (t) => {
    const { answers, asked, enter, context, root } = await openAsking(t);
    answers.set('opaque', subjectOf('ada'));
    answers.set('other', subjectOf('bob'));
    const identity = await enter('opaque');
    await denySubject(context, root, { subject: 'ada', reason: 'left the company' });
    await refused(enter('opaque'), 'TOKEN_REVOKED');
    await refused(currentIdentity(context, { identity, peerAddress: '' }), 'TOKEN_REVOKED');
    await enter('other');
    await allowSubject(context, root, { subject: 'ada' });
    assert.equal(await enter('opaque'), identity);
    assert.equal(asked.length, 2);
  });

  it('is denied and allowed by admins, with a reason, on record', async (t) => {
    const { context, root, clock } = await openAsking(t);
    const at = context.store.now();
    const denied = await denySubject(context, root, { subject: 'ada', reason: 'left' });
    clock.advance(1000);
    await denySubject(context, root, { subject: 'ada', reason: 'left' });
    const again = await denySubject(context, root, { subject: 'ada', reason: 'left, really' });
    assert.deepEqual([denied.deniedAt, again.deniedAt, again.reason], [at, at, 'left, really']);
    await allowSubject(context, root, { subject: 'ada' });
    await refused(allowSubject(context, root, { subject: 'ada' }), 'SUBJECT_NOT_DENIED');
    const { items } = await context.store.listAdminEvents(
      { resourceType: 'subject' },
      { after: null, limit: 9 },
    );
    assert.deepEqual(
      items.map(({ action, changes }) => [action, changes[0]?.before, changes[0]?.after]),
      [
        ['AllowSubject', '"left, really"', null],
        ['DenySubject', '"left"', '"left, really"'],
        ['DenySubject', null, '"left"'],
      ],
    );
    const bad = { subject: 'a\nb', reason: ' ' };
    assert.deepEqual(await refusedFields(denySubject(context, root, bad)), ['subject', 'reason']);
    const ada = callBy(subjectOf('ada'));
    await refused(denySubject(context, ada, { subject: 'x', reason: 'y' }), 'ADMIN_REQUIRED');
  });
});
