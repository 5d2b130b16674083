import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { authenticate, currentIdentity } from '../../src/domain/authenticate.ts';
import type { NewConsumer } from '../../src/domain/consumer-fields.ts';
import { createConsumer } from '../../src/domain/create-consumer.ts';
import { deleteConsumer } from '../../src/domain/delete-consumer.ts';
import { identityByToken } from '../../src/domain/identity.ts';
import { updateConsumer } from '../../src/domain/update-consumer.ts';
import type { Consumer } from '../../src/model/consumer.ts';
import { createToken } from '../../src/model/token.ts';
import { newConsumer } from './examples.ts';
import { type Domain, openDomain } from './open-domain.ts';
import { refused } from './refusals.ts';

const PEER = '192.0.2.1';

function enter({ context }: Domain, token: string | null, peerAddress = PEER) {
  return authenticate(context, { token, peerAddress });
}

function add({ context, root }: Domain, parts: Partial<NewConsumer> = {}) {
  return createConsumer(context, root, { consumer: newConsumer(parts) });
}

describe('authentication', () => {
  it('knows the root token', async (t) => {
    const domain = await openDomain(t);
    assert.deepEqual(await enter(domain, domain.rootToken), { kind: 'root' });
  });

  it('knows a consumer by its token', async (t) => {
    const domain = await openDomain(t);
    const { consumer, token } = await add(domain);
    assert.deepEqual(await enter(domain, token), identityByToken(consumer));
  });

  it('refuses no token, and one that nobody has', async (t) => {
    const domain = await openDomain(t);
    await refused(enter(domain, null), 'TOKEN_MISSING');
    await refused(enter(domain, ''), 'TOKEN_MISSING');
    await refused(enter(domain, 'something'), 'TOKEN_INVALID');
    await refused(enter(domain, createToken('kp', 'live', randomBytes)), 'TOKEN_INVALID');
  });

  it('refuses a token with a wrong checksum without asking the store', async (t) => {
    const domain = await openDomain(t);
    const { token } = await add(domain);
    await domain.context.store.close();
    await refused(enter(domain, token), 'STORE_UNAVAILABLE');
    const mistyped = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
    await refused(enter(domain, mistyped), 'TOKEN_INVALID');
  });

  it('refuses a consumer from its expiry on, by the clock of the store', async (t) => {
    const domain = await openDomain(t);
    const { token } = await add(domain, { expireAt: domain.context.store.now() + 1000 });
    domain.clock.advance(999);
    await enter(domain, token);
    domain.clock.advance(1);
    await refused(enter(domain, token), 'TOKEN_EXPIRED');
  });

  it('refuses a consumer as soon as it is disabled or deleted', async (t) => {
    const domain = await openDomain(t);
    const { context, root } = domain;
    const { consumer, token } = await add(domain);
    await enter(domain, token);
    await updateConsumer(context, root, { id: consumer.id, etag: null, changes: { state: 'disabled' } });
    await refused(enter(domain, token), 'CONSUMER_DISABLED');
    await updateConsumer(context, root, { id: consumer.id, etag: null, changes: { state: 'active' } });
    await enter(domain, token);
    await deleteConsumer(context, root, { id: consumer.id, etag: null });
    await refused(enter(domain, token), 'TOKEN_INVALID');
  });

  it('lets a consumer in from the addresses on its list only', async (t) => {
    const domain = await openDomain(t);
    const { token } = await add(domain, { allowedIps: ['10.0.0.0/8', '2001:db8::/32'] });
    await enter(domain, token, '10.1.2.3');
    await enter(domain, token, '::ffff:10.1.2.3');
    await enter(domain, token, '2001:db8::7');
    const error = await refused(enter(domain, token, '192.0.2.9'), 'IP_NOT_ALLOWED');
    assert.equal(error.metadata.ip_address, '192.0.2.9');
    await refused(enter(domain, token, ''), 'IP_NOT_ALLOWED');
  });

  it('notes when a consumer was last accepted, and not when it was refused', async (t) => {
    const domain = await openDomain(t);
    const { context, clock } = domain;
    const { consumer, token } = await add(domain, { allowedIps: [PEER] });
    clock.advance(5000);
    const at = context.store.now();
    await enter(domain, token);
    clock.advance(5000);
    await refused(enter(domain, token, '192.0.2.9'), 'IP_NOT_ALLOWED');
    await context.lastUsed.flush();
    assert.equal((await context.store.getConsumer(consumer.id))?.lastUsedAt, at);
  });
});

describe('looking again at who calls', () => {
  const edit = ({ context, root }: Domain, { id }: Consumer, changes: Partial<NewConsumer>) =>
    updateConsumer(context, root, { id, etag: null, changes });
  const look = ({ context }: Domain, consumer: Consumer, peerAddress = PEER) =>
    currentIdentity(context, { identity: identityByToken(consumer), peerAddress });

  it('gives the consumer as it is now', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    const renamed = await edit(domain, consumer, { name: 'renamed' });
    assert.deepEqual(await look(domain, consumer), identityByToken(renamed));
    const root = { kind: 'root' } as const;
    assert.deepEqual(await currentIdentity(domain.context, { identity: root, peerAddress: '' }), root);
  });

  it('refuses who may not call any more', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    await edit(domain, consumer, { allowedIps: ['198.51.100.7'] });
    await look(domain, consumer, '198.51.100.7');
    await refused(look(domain, consumer), 'IP_NOT_ALLOWED');
    await edit(domain, consumer, { allowedIps: [], expireAt: domain.context.store.now() + 10 });
    domain.clock.advance(9);
    await look(domain, consumer);
    domain.clock.advance(1);
    await refused(look(domain, consumer), 'TOKEN_EXPIRED');
    await edit(domain, consumer, { state: 'disabled' });
    await refused(look(domain, consumer), 'CONSUMER_DISABLED');
    await deleteConsumer(domain.context, domain.root, { id: consumer.id, etag: null });
    await refused(look(domain, consumer), 'TOKEN_INVALID');
  });

  it('is told as STORE_UNAVAILABLE when the store is out of reach, and is no use of the token', async (t) => {
    const domain = await openDomain(t);
    const { consumer } = await add(domain);
    await look(domain, consumer);
    await domain.context.lastUsed.flush();
    assert.equal((await domain.context.store.getConsumer(consumer.id))?.lastUsedAt, null);
    await domain.context.store.close();
    domain.clock.advance(1000);
    await refused(look(domain, consumer), 'STORE_UNAVAILABLE');
  });
});
