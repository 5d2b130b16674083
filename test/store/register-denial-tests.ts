import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store } from '../../src/store/port.ts';
import { listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { eventOf } from '../support/store-rows.ts';
import { listeningStores } from './listening-stores.ts';

const missing = { name: 'StoreError', kind: 'not-found' };

function deny(store: Store, subject: string, reason: string, deniedAt = 5000) {
  const event = { ...eventOf('DenySubject'), resourceType: 'subject' as const, resourceId: subject };
  return store.denySubject(subject, () => ({ row: { subject, reason, deniedAt }, event }));
}

export function registerDenialTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a denied subject`, () => {
    it('is found by its name to the letter, and its denial may be edited', async (t) => {
      const { store } = await useStore(t, makeStore);
      const subject = '$ada|x.y ünïcode';
      assert.equal(await store.findDenial(subject), null);
      assert.deepEqual(await deny(store, subject, 'left'), { subject, reason: 'left', deniedAt: 5000 });
      const edited = await store.denySubject(subject, (denial) => ({
        row: { subject, reason: `${denial?.reason}, really`, deniedAt: denial?.deniedAt ?? 0 },
        event: eventOf('DenySubject'),
      }));
      assert.deepEqual(edited, { subject, reason: 'left, really', deniedAt: 5000 });
      assert.deepEqual(await store.findDenial(subject), edited);
      assert.equal(await store.findDenial('$ADA|x.y ünïcode'), null);
    });

    it('stays as it is where nothing was changed', async (t) => {
      const { store } = await useStore(t, makeStore);
      const row = { subject: 'x', reason: '', deniedAt: 1 };
      assert.deepEqual(await store.denySubject('x', () => ({ row, event: null })), row);
      assert.equal(await store.findDenial('x'), null);
    });

    it('is allowed again with an event, once', async (t) => {
      const { store } = await useStore(t, makeStore);
      await deny(store, 'x', 'why');
      await store.allowSubject('x', (denial) => ({ ...eventOf('AllowSubject'), resourceId: denial.subject }));
      assert.equal(await store.findDenial('x'), null);
      const events = await store.listAdminEvents({ resourceId: 'x' }, { after: null, limit: 10 });
      assert.deepEqual(events.items.map(({ action }) => action).sort(), ['AllowSubject', 'DenySubject']);
      await assert.rejects(
        store.allowSubject('x', () => eventOf('AllowSubject')),
        missing,
      );
    });

    it('is listed by name, in pages', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const subject of ['c', 'a', 'b']) await deny(store, subject, `reason of ${subject}`);
      for (const limit of [1, 2, 10]) {
        const all = await listAll(store.listDeniedSubjects, limit);
        assert.deepEqual(
          all.map(({ subject, reason }) => [subject, reason]),
          [
            ['a', 'reason of a'],
            ['b', 'reason of b'],
            ['c', 'reason of c'],
          ],
        );
      }
    });

    it('is announced in every process', async (t) => {
      const { writer, allHeard } = await listeningStores(t, makeStore);
      const told = (count: number) =>
        allHeard(
          (changes) =>
            changes.filter((change) => change.kind === 'subject' && change.id === 'x').length >= count,
        );
      await deny(writer, 'x', 'why');
      await told(1);
      await writer.allowSubject('x', () => eventOf('AllowSubject'));
      await told(2);
    });
  });
}
