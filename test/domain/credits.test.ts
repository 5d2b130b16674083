import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ChargeAnswer, CreditCharge, CreditPayer } from '../../src/domain/credits.ts';
import { deleteOwnerCredits } from '../../src/domain/delete-owner-credits.ts';
import { setOwnerCredits } from '../../src/domain/set-owner-credits.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import { verifyEvent } from '../support/charging.ts';
import { consumerOf } from '../support/store-rows.ts';
import { type Domain, openDomain } from './open-domain.ts';

const MINUTE_MS = 60_000;
const GUARD_MS = 1000;

const openWith = (t: TestContext, creditsPerMinute: number | null): Promise<Domain> =>
  openDomain(t, { credits: { creditsPerMinute, costs: new Map(), whenStoreDown: 'refuse' } });

const consumer = (parts: Partial<Consumer> = {}): CreditPayer => ({
  kind: 'consumer',
  consumer: consumerOf(parts),
});

type Decided = Extract<ChargeAnswer, { kind: 'charged' }>;

async function charge(
  { context }: Domain,
  payer: CreditPayer,
  cost: number,
  parts: Partial<CreditCharge> = {},
): Promise<Decided> {
  const whole = { cost, resource: null, event: null, idempotency: null, ...parts };
  const answer = await context.credits.charge(payer, whole);
  return answer.kind === 'charged' ? answer : assert.fail('its request id was used');
}

/** What is left, after how many of these costs were granted. */
async function spend(
  domain: Domain,
  payer: CreditPayer,
  costs: readonly number[],
  resource: string | null = null,
) {
  const granted: boolean[] = [];
  for (const cost of costs) granted.push((await charge(domain, payer, cost, { resource })).granted);
  return granted;
}

describe('credits', () => {
  it('limit nobody where nothing is configured', async (t) => {
    const domain = await openWith(t, null);
    const payer = consumer({ owner: '' });
    assert.equal(domain.context.credits.isUnlimited(payer), true);
    const answer = await charge(domain, payer, 1_000_000);
    assert.deepEqual([answer.granted, answer.credits], [true, null]);
    const event = verifyEvent();
    await charge(domain, payer, 5, { event });
    const { items } = await domain.context.store.listUsageEvents({}, { after: null, limit: 10 });
    assert.deepEqual(
      items.map(({ id }) => id),
      [event.id],
    );
  });

  it('are the default of all, and those of a consumer or a subject over it', async (t) => {
    const domain = await openWith(t, 5);
    assert.deepEqual(await spend(domain, consumer(), [5, 1]), [true, false]);
    assert.deepEqual(await spend(domain, consumer({ creditsPerMinute: 7 }), [5, 2, 1]), [true, true, false]);
    const subject = { kind: 'subject', subject: 'alice', creditsPerMinute: null } as const;
    assert.deepEqual(await spend(domain, subject, [5, 1]), [true, false]);
    const other = { kind: 'subject', subject: 'bob', creditsPerMinute: 0 } as const;
    assert.deepEqual(await spend(domain, other, [1, 0]), [false, true]);
    assert.deepEqual(await spend(domain, { kind: 'address', address: '192.0.2.7' }, [5, 1]), [true, false]);
  });

  it('tell limit, cost, what is left, and when all of it is back', async (t) => {
    const domain = await openWith(t, null);
    const payer = consumer({ creditsPerMinute: 10 });
    const at = domain.context.store.now();
    const resetAt = at + MINUTE_MS + GUARD_MS;
    const first = await charge(domain, payer, 4);
    assert.deepEqual(first.credits, { limit: 10, cost: 4, remaining: 6, resetAt });
    const refused = await charge(domain, payer, 7);
    assert.deepEqual(refused.credits, { limit: 10, cost: 7, remaining: 6, resetAt });
    assert.deepEqual([refused.granted, refused.nextAt], [false, resetAt]);
  });

  it('of a resource hold together with those in all', async (t) => {
    const domain = await openWith(t, null);
    const creditLimits = [{ resource: '/chat', creditsPerMinute: 10 }];
    const payer = consumer({ creditsPerMinute: 14, creditLimits });
    assert.deepEqual(await spend(domain, payer, [10, 1], '/chat'), [true, false]);
    const other = await charge(domain, payer, 3, { resource: '/search' });
    assert.deepEqual([other.granted, other.credits?.remaining], [true, 1]);
    assert.deepEqual(await spend(domain, payer, [2, 1], '/search'), [false, true]);
    const alone = consumer({ creditLimits });
    assert.deepEqual(await spend(domain, alone, [10, 1], '/chat'), [true, false]);
    assert.equal((await charge(domain, alone, 1000, { resource: '/search' })).credits, null);
  });

  it('of an owner are shared by all its consumers, from the moment they are set until they are deleted', async (t) => {
    const domain = await openWith(t, null);
    const [one, other] = [consumer({ owner: 'team' }), consumer({ owner: 'team', creditsPerMinute: 100 })];
    assert.equal((await charge(domain, one, 1)).credits, null);
    await setOwnerCredits(domain.context, domain.root, { owner: 'team', creditsPerMinute: 10 });
    assert.deepEqual(await spend(domain, one, [6]), [true]);
    const told = await charge(domain, other, 3);
    assert.deepEqual([told.credits?.limit, told.credits?.remaining], [10, 1]);
    assert.deepEqual(await spend(domain, other, [2, 1]), [false, true]);
    await deleteOwnerCredits(domain.context, domain.root, 'team');
    assert.deepEqual(await spend(domain, other, [50]), [true]);
  });

  it('are counted for an IPv4 address however it is written, and for an IPv6 network of a host', async (t) => {
    const domain = await openWith(t, 2);
    const from = (address: string) => charge(domain, { kind: 'address', address }, 1);
    const granted = [];
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1'])
      granted.push((await from(address)).granted);
    for (const address of ['2001:db8::1', '2001:db8::2:1', '2001:db8:0:0:ffff::'])
      granted.push((await from(address)).granted);
    assert.deepEqual(granted, [true, true, false, true, true, false]);
    assert.equal((await from('2001:db8:0:1::1')).granted, true);
  });

  it('that are spent cost the store nothing', async (t) => {
    const domain = await openWith(t, 3);
    const payer = consumer();
    assert.deepEqual(await spend(domain, payer, [3, 1]), [true, false]);
    await domain.context.store.close();
    assert.deepEqual(await spend(domain, payer, [1, 1, 1]), [false, false, false]);
    await assert.rejects(charge(domain, payer, 2), { reason: 'STORE_UNAVAILABLE' });
  });

  it('that are spent in several pools are told alike, however often', async (t) => {
    const domain = await openWith(t, null);
    const creditLimits = [{ resource: '/chat', creditsPerMinute: 2 }];
    const payer = consumer({ creditsPerMinute: 5, creditLimits });
    await charge(domain, payer, 3);
    domain.clock.advance(10_000);
    await charge(domain, payer, 2, { resource: '/chat' });
    const asked = await charge(domain, payer, 2, { resource: '/chat' });
    assert.deepEqual(await charge(domain, payer, 2, { resource: '/chat' }), asked);
    assert.equal(asked.nextAt, domain.context.store.now() + MINUTE_MS + GUARD_MS);
  });

  it('that are spent are there again when they said', async (t) => {
    const domain = await openWith(t, 3);
    const payer = consumer();
    await charge(domain, payer, 3);
    const { nextAt } = await charge(domain, payer, 1);
    domain.clock.advance((nextAt ?? 0) - domain.context.store.now() - 1);
    assert.deepEqual(await spend(domain, payer, [1]), [false]);
    domain.clock.advance(1);
    assert.deepEqual(await spend(domain, payer, [3]), [true]);
  });

  it('are charged once for a request id', async (t) => {
    const domain = await openWith(t, 10);
    const payer = consumer();
    const idempotency = { key: 'caller and id', fingerprint: 'fields' };
    const first = await charge(domain, payer, 4, { idempotency });
    const retry = await charge(domain, payer, 4, { idempotency });
    assert.deepEqual([first.replayed, retry.replayed, retry.credits?.remaining], [false, true, 6]);
    const other = { cost: 5, resource: null, event: null };
    const reused = await domain.context.credits.charge(payer, {
      ...other,
      idempotency: { ...idempotency, fingerprint: 'others' },
    });
    assert.deepEqual(reused, { kind: 'reused' });
  });

  it('of many calls at once are charged in their order, exactly', async (t) => {
    const domain = await openWith(t, 1000);
    const payer = consumer();
    const answers = await Promise.all(Array.from({ length: 600 }, () => charge(domain, payer, 3)));
    assert.equal(answers.filter(({ granted }) => granted).length, 333);
    assert.equal(
      answers.findIndex(({ granted }) => !granted),
      333,
    );
  });
});
