import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Attacked as Asked, attacked as asked, STORES } from './attacked.ts';
import { refused } from './json-call.ts';

type Body = Readonly<Record<string, unknown>>;

let pools = 0;

for (const store of STORES)
  describe(`the choice of keys over the wire, on ${store}`, () => {
    let service: Asked;
    before(async () => {
      service = await asked(store);
    });
    after(() => service[Symbol.asyncDispose]());

    async function ok(method: string, body: Body): Promise<Body> {
      const answer = await service.call(method, body);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    }

    /** Tiers with one feature, so many keys each, and how a consumer of all of them draws. */
    async function poolOf(tiers: readonly (Body & { readonly keys: number; readonly perHour?: number })[]) {
      pools += 1;
      const feature = `feature-${pools}`;
      const { id: consumerId, token } = await service.issue({});
      for (const [i, { keys, perHour, ...policy }] of tiers.entries()) {
        const id = `pool-${pools}-${i}`;
        const limits = perHour === undefined ? [] : [{ limit: perHour, window: '3600s' }];
        const tier = { id, features: [{ name: feature, limits }], ...policy };
        await ok('AdminService/CreateTier', { tier });
        for (let key = 0; key < keys; key += 1)
          await ok('AdminService/CreateKey', { key: { tierId: id, value: `upstream-value-${id}-${key}` } });
        await ok('AdminService/GrantTier', { consumerId, tierId: id });
      }
      const draw = (parts: Body = {}) =>
        service.call('KeyPoolService/DrawKey', { feature, ...parts }, { token });
      /** The number of the tier and of the key in it. */
      const drawn = async (parts: Body = {}) => {
        const { status, body } = await draw(parts);
        assert.equal(status, 200, JSON.stringify(body));
        return String(body.value).split('-').slice(-2).join(':');
      };
      return { draw, drawn };
    }

    it('keeps to one key for one affinity of one caller, and moves on when that is used up', async () => {
      const { draw, drawn } = await poolOf([{ keys: 4, perHour: 3 }]);
      const home = await drawn({ affinity: 'chat 7' });
      const other = await drawn({ affinity: 'chat 8' });
      assert.notEqual(other, home);
      assert.deepEqual(
        [await drawn({ affinity: 'chat 7' }), await drawn({ affinity: 'chat 7' })],
        [home, home],
      );
      const next = await drawn({ affinity: 'chat 7' });
      assert.notEqual(next, home);
      assert.equal(await drawn({ affinity: 'chat 7' }), next);
      const long = await draw({ affinity: 'x'.repeat(129) });
      assert.deepEqual(refused(long, 400, 'INVALID_FIELD').fields, ['affinity']);
    });

    it('refuses a request id that comes again with another affinity', async () => {
      const { draw, drawn } = await poolOf([{ keys: 2 }]);
      const first = await drawn({ affinity: 'one', requestId: 'r-1' });
      assert.equal(await drawn({ affinity: 'one', requestId: 'r-1' }), first);
      refused(await draw({ affinity: 'two', requestId: 'r-1' }), 400, 'REQUEST_ID_REUSED');
      refused(await draw({ requestId: 'r-1' }), 400, 'REQUEST_ID_REUSED');
    });

    it('uses a tier only when none of a lower priority number can serve', async () => {
      const { draw, drawn } = await poolOf([
        { keys: 2, perHour: 1, priority: 5 },
        { keys: 1, perHour: 2, strategy: 'STRATEGY_FILL_FIRST' },
      ]);
      const order = [await drawn(), await drawn(), await drawn(), await drawn()];
      assert.deepEqual(order.slice(0, 2), ['1:0', '1:0']);
      assert.deepEqual(order.slice(2).sort(), ['0:0', '0:1']);
      refused(await draw(), 429, 'POOL_EXHAUSTED');
    });
  });
