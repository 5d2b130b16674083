import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ConsumerState, KeyState } from '../../src/client/exports.ts';
import { auditRowsWith } from '../support/audit-rows.ts';
import { eventually } from '../support/eventually.ts';
import { type Load, reasonsOf, startLoad } from '../support/load-callers.ts';
import { holdCommands } from '../support/load-fail-points.ts';
import { addConsumer, addKeys, addTier, limitOf } from '../support/load-pool.ts';
import { type KeypoolProcess, type KeypoolServers, serversOn } from '../support/load-servers.ts';
import { type Mongod, startMongod } from '../support/mongod.ts';

const DATABASE = 'keypool';
/** How old what a process knows of tiers and consumers may be, in ms. */
const STALE_MAX_MS = 2000;
const SERVED_WITHIN_MS = 10_000;
const DEADLINE_MS = 60_000;
/** A change stream of this process never says anything, as on a connection that hangs. */
const DEAF = { appName: 'deaf', socketTimeoutMS: '600000' };

describe('What one process changes and another has not heard', { timeout: DEADLINE_MS }, () => {
  let mongod: Mongod;
  let servers: KeypoolServers;
  let changing: KeypoolProcess;
  let deaf: KeypoolProcess;

  before(async () => {
    mongod = await startMongod({ parameters: { enableTestCommands: 1 } });
    await holdCommands(mongod.uri, {
      failCommands: ['aggregate', 'getMore'],
      namespace: `${DATABASE}.$cmd.aggregate`,
      appName: DEAF.appName,
      blockTimeMS: Number(DEAF.socketTimeoutMS),
    });
    const databaseUrl = mongod.databaseUri(DATABASE);
    servers = serversOn({ databaseUrl, close: mongod.stop });
    const deafUrl = `${databaseUrl}&${new URLSearchParams(DEAF)}`;
    [changing, deaf] = await Promise.all([servers.start(), servers.start({ DATABASE_URL: deafUrl })]);
  });
  after(() => servers?.close());

  const drawsAt = (t: TestContext, { url }: KeypoolProcess, feature: string, token: string) =>
    startLoad({ callers: 4, token, signal: t.signal, url: () => url, draw: () => ({ feature }) });
  const someServed = (load: Load, more = 50) => {
    const enough = load.served.length + more;
    return eventually('served draws', () => (load.served.length >= enough ? true : null), SERVED_WITHIN_MS);
  };

  it('a key disabled is handed out by no draw from then on', async (t) => {
    const feature = 'disabling';
    await addTier(changing.admin, feature);
    const [key] = await addKeys(changing.admin, feature, 3);
    assert.ok(key !== undefined);
    const { token } = await addConsumer(changing.admin, [feature]);
    const load = drawsAt(t, deaf, feature, token);
    await eventually('a draw of the key', () => load.served.find(({ keyId }) => keyId === key.id) ?? null);
    await changing.admin.updateKey({
      key: { id: key.id, state: KeyState.DISABLED },
      updateMask: { paths: ['state'] },
    });
    const disabledAt = performance.now();
    await someServed(load);
    await load.stop();
    const later = load.served.filter(({ sentAt }) => sentAt > disabledAt);
    assert.equal(new Set(later.map(({ keyId }) => keyId)).size, 2);
    assert.ok(later.every(({ keyId }) => keyId !== key.id));
  });

  it('a consumer disabled is refused within 2 s', async (t) => {
    const feature = 'refusing';
    await addTier(changing.admin, feature);
    await addKeys(changing.admin, feature, 1);
    const { id, token } = await addConsumer(changing.admin, [feature]);
    const load = drawsAt(t, deaf, feature, token);
    await someServed(load);
    await changing.admin.updateConsumer({
      consumer: { id, state: ConsumerState.DISABLED },
      updateMask: { paths: ['state'] },
    });
    const disabledAt = performance.now();
    await load.ended;
    assert.deepEqual(reasonsOf(load.refused), { CONSUMER_DISABLED: 4 });
    const latest = Math.max(...load.served.map(({ sentAt }) => sentAt));
    assert.ok(latest - disabledAt <= STALE_MAX_MS, `served a call ${latest - disabledAt} ms later`);
  });

  it('a limit lowered holds from the moment a key has seen it, a limit raised serves on', async (t) => {
    const feature = 'limiting';
    const [low, high, windowMs] = [4, 20_000, 1000];
    // The guard is chosen long, so that a busy machine hardly ever withholds a value.
    const limitTo = (limit: number) => ({ limit, windowMs, guardMs: 1000 });
    const limited = (limit: number) => [{ name: feature, limits: [limitOf(limitTo(limit))] }];
    const change = (limit: number) =>
      changing.admin.updateTier({
        tier: { id: feature, features: limited(limit) },
        updateMask: { paths: ['features'] },
      });
    await addTier(changing.admin, feature, [limitTo(high)]);
    await addKeys(changing.admin, feature, 4);
    const { token } = await addConsumer(changing.admin, [feature]);
    const loads = [changing, deaf].map((server) => drawsAt(t, server, feature, token));
    const [heard, unheard] = loads as [Load, Load];
    await Promise.all(loads.map((load) => someServed(load)));

    await change(low);
    const exhausted = ({ refused }: Load) => refused.some(({ reason }) => reason === 'POOL_EXHAUSTED');
    // That means that every key was tried, and so has seen the new limit.
    const seen = await eventually('a refusal', () => (exhausted(heard) ? Date.now() : null));
    await eventually('a refusal of the other', () => (exhausted(unheard) ? true : null));
    await Promise.all(loads.map((load) => someServed(load, 4)));
    const raisedAt = Date.now();
    await change(high);
    await Promise.all(loads.map((load) => someServed(load, 200)));
    await Promise.all(loads.map((load) => load.stop()));

    const rows = await auditRowsWith(changing.admin, [...heard.served, ...unheard.served]);
    for (const row of rows.filter(({ atMs }) => atMs > seen && atMs < raisedAt)) {
      const trailing = rows.filter(
        ({ keyId, atMs }) => keyId === row.keyId && atMs > row.atMs - windowMs && atMs <= row.atMs,
      );
      assert.ok(trailing.length <= low, `${trailing.length} draws of ${row.keyId} up to ${row.atMs}`);
    }
    const lowered = rows.filter(({ atMs }) => atMs > seen && atMs < raisedAt).length;
    t.diagnostic(`${lowered} draws under the lowered limit, of ${rows.length}`);
    assert.ok(lowered >= 8);
  });

  it('two processes with one request id hand out one draw', async (t) => {
    const feature = 'retrying';
    const ids = Array.from({ length: 25 }, (_, i) => `request-${i}`);
    await addTier(changing.admin, feature);
    await addKeys(changing.admin, feature, 3, [{ limit: 1000 }]);
    const { token } = await addConsumer(changing.admin, [feature]);
    const urls = [changing.url, deaf.url];
    let next = 0;
    const load = startLoad({
      callers: 16,
      token,
      signal: t.signal,
      drawsMax: ids.length * 16,
      url: (caller) => urls[caller % 2] ?? '',
      // Sixteen calls in a row have the same id, and so run against each other.
      draw: () => ({ feature, requestId: ids[Math.floor(next++ / 16)] ?? '' }),
    });
    await load.ended;
    assert.deepEqual([reasonsOf(load.refused), load.served.length], [{}, ids.length * 16]);
    for (const [requestId, draws] of Map.groupBy(load.served, (draw) => draw.requestId)) {
      assert.equal(draws.length, 16);
      assert.equal(new Set(draws.map(({ drawId }) => drawId)).size, 1, requestId);
      assert.equal(new Set(draws.map(({ value }) => value)).size, 1, requestId);
    }
    const rows = await auditRowsWith(changing.admin, load.served);
    assert.equal(rows.filter((row) => row.feature === feature).length, ids.length);
    const used = async () => {
      const { keys } = await changing.admin.listKeys({ tierId: feature });
      return keys.reduce((sum, { budgets }) => sum + (budgets[0]?.used ?? 0n), 0n);
    };
    // Losers of a race give back what they had taken.
    await eventually('no unit spent twice', async () => ((await used()) === 25n ? true : null));
  });
});
