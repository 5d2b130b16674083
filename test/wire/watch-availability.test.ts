import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchAvailabilityResponse } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { eventually } from '../support/eventually.ts';
import { callJson } from './json-call.ts';
import type { Served } from './served.ts';
import { addSlowPool, clientOf, PROTOCOLS, reasonOf, STORES } from './waiting-pool.ts';

/** What a watch was told, and when (monotonic, ms); `ended`: the reason for which it ended. */
interface Watched {
  readonly told: { readonly available: number; readonly at: number }[];
  readonly ended: Promise<string>;
}

function follow(stream: AsyncIterable<WatchAvailabilityResponse>): Watched {
  const told: Watched['told'] = [];
  const read = async (): Promise<void> => {
    for await (const { availableKeys } of stream)
      told.push({ available: availableKeys, at: performance.now() });
  };
  return { told, ended: reasonOf(read()) };
}

async function toldOf(watch: Watched, ...available: readonly number[]): Promise<void> {
  await eventually(`${available} was told`, () => {
    const told = watch.told.map((message) => message.available);
    return told.length >= available.length && available.every((count, i) => count === told[i]) ? true : null;
  });
}

async function watching(served: Served, count: number): Promise<void> {
  await eventually(`${count} watch`, () =>
    served.context.availabilityWatches.count() === count ? true : null,
  );
}

// Most of a test's time is waiting.
describe('a watch of availability', { concurrency: 6 }, () => {
  for (const [store, serving] of Object.entries(STORES))
    for (const [protocol, transportTo] of Object.entries(PROTOCOLS))
      describe(`a watch of availability, by ${protocol}, on ${store}`, () => {
        it('tells at once, and of each change', async (t) => {
          const served = await serving(t, { REQUEST_TIMEOUT: '1s' });
          const { feature, token, keyId } = await addSlowPool(served, 1000);
          const client = clientOf(transportTo(served.url), token);
          const leave = new AbortController();
          const watch = follow(client.watchAvailability({ feature }, { signal: leave.signal }));
          await toldOf(watch, 1);
          await client.drawKey({ feature });
          await toldOf(watch, 1, 0);
          await toldOf(watch, 1, 0, 1);
          await callJson(served, 'AdminService/UpdateKey', {
            key: { id: keyId, state: 'KEY_STATE_DISABLED' },
            updateMask: 'state',
          });
          await toldOf(watch, 1, 0, 1, 0);
          assert.equal(watch.told.length, 4);
          leave.abort();
          await watch.ended;
          await watching(served, 0);
        });

        it('is refused as a call is, and ends with the caller’s token, and when the service stops', async (t) => {
          const served = await serving(t, {});
          const { feature, token, consumerId } = await addSlowPool(served);
          const client = clientOf(transportTo(served.url), token);
          const stranger = clientOf(transportTo(served.url), 'nobody');
          assert.equal(await follow(stranger.watchAvailability({ feature })).ended, 'TOKEN_INVALID');
          assert.equal(await follow(client.watchAvailability({ feature: 'No Such' })).ended, 'INVALID_FIELD');
          assert.equal(
            await follow(client.watchAvailability({ feature: 'none' })).ended,
            'FEATURE_NOT_GRANTED',
          );
          const watch = follow(client.watchAvailability({ feature }));
          const admin = follow(
            clientOf(transportTo(served.url), served.adminToken).watchAvailability({ feature }),
          );
          await toldOf(watch, 1);
          await toldOf(admin, 1);
          await callJson(served, 'AdminService/RevokeConsumer', { id: consumerId, reason: 'left' });
          const begun = performance.now();
          assert.equal(await watch.ended, 'TOKEN_REVOKED');
          assert.ok(performance.now() - begun < 2000);
          await watching(served, 1);
          await served.close();
          assert.equal(await admin.ended, 'SHUTTING_DOWN');
        });
      });

  it('watches of calls that go on all the time are told no more often than every 0.1 s', async (t) => {
    const served = await (STORES.SQLite ?? assert.fail())(t, {});
    const { feature, token } = await addSlowPool(served, 100);
    const client = clientOf(PROTOCOLS.gRPC?.(served.url) ?? assert.fail(), token);
    const leave = new AbortController();
    const watch = follow(client.watchAvailability({ feature }, { signal: leave.signal }));
    await toldOf(watch, 1);
    const until = performance.now() + 1500;
    while (performance.now() < until) await client.drawKey({ feature, maxWait: { seconds: 5n } });
    leave.abort();
    await watch.ended;
    const times = watch.told.map(({ at }) => at);
    assert.ok(times.length <= 16, `${times.length} messages in 1.5 s`);
    assert.ok(times.length >= 5, `only ${times.length} messages in 1.5 s`);
  });
});
