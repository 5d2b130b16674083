import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { VerifyCode } from '../../gen/keypool/v1/auth_messages_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import type { KeypoolClient } from '../../src/client/exports.ts';
import { auditRows } from './audit-rows.ts';
import { assertWithinLimits, creditsOf, type GrantedCredits } from './credit-windows.ts';
import { eventually } from './eventually.ts';
import { openConnection } from './load-connection.ts';
import { seededRandom, wholeBetween } from './load-random.ts';
import { callRpc } from './load-rpc.ts';
import { openMongodb, useServers } from './load-servers.ts';

const MINUTE_MS = 60_000;
const PROCESSES = 4;
const IDENTITIES = 200;
const CALLERS = 48;
const COSTS = [1, 1, 1, 2, 3, 5];
/** Some are counted exactly, others in buckets. */
const LIMITS = [2, 4, 8, 12, 20, 33];
const CREATED_AT_ONCE = 16;
/** What of the possible is served when more is asked for. */
const SERVED_MIN = 0.95;
/** As often may a busy machine stand still for seconds, in which every caller's charge is not confirmed in time. */
const STANDSTILLS_MAX = 2;
/** When all that was spent at once is there again: what is counted in buckets may come a sixtieth of the minute late. */
const FREE_AGAIN_MS = MINUTE_MS + MINUTE_MS / 60;
const SHOWN_WITHIN_MS = 10_000;

interface Identity {
  readonly id: string;
  readonly token: string;
  readonly limit: number;
}

async function addIdentities(admin: KeypoolClient['admin']): Promise<Identity[]> {
  const identities: Identity[] = [];
  for (let from = 0; from < IDENTITIES; from += CREATED_AT_ONCE)
    identities.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(CREATED_AT_ONCE, IDENTITIES - from) }, async (_, i) => {
          const limit = LIMITS[(from + i) % LIMITS.length] ?? 1;
          const { consumer, token } = await admin.createConsumer({
            consumer: { name: 'client', creditsPerMinute: limit },
          });
          return { id: consumer?.id ?? '', token, limit };
        }),
      )),
    );
  return identities;
}

/** How long is called, and by whom. */
export interface CreditLoad {
  /** At most. */
  readonly seconds: number;
  /** Whether it ends as soon as all is spent. */
  readonly untilSpent: boolean;
  readonly seed: number;
}

/** What callers share. */
interface Calls {
  readonly identities: readonly Identity[];
  readonly urls: readonly string[];
  /** The backend's. */
  readonly token: string;
  /** What was granted by identity, at the moments of the answers. */
  readonly granted: ReadonlyMap<string, GrantedCredits[]>;
  /** What may have been charged or not, by identity: the answer was STORE_UNAVAILABLE. */
  readonly unknown: ReadonlyMap<string, GrantedCredits[]>;
  /** Identities that have not one credit left. */
  readonly spent: Set<Identity>;
  readonly isOver: () => boolean;
}

/** Calls VerifyToken until the end. */
async function call(calls: Calls, random: () => number): Promise<void> {
  const connections = calls.urls.map((url) => ({ url, connection: openConnection() }));
  const pick = <T>(items: readonly T[]): T =>
    items[wholeBetween(random, 0, items.length - 1)] ?? assert.fail('there is nothing to choose from');
  while (!calls.isOver()) {
    const { url, connection } = pick(connections);
    const first = pick(calls.identities);
    // Those that are spent are called too, and the others the more often.
    const identity = calls.spent.has(first) ? pick(calls.identities) : first;
    const cost = pick(COSTS);
    const wish = { token: identity.token, cost, resource: '/chat' };
    const to = { url, token: calls.token };
    const answer = await callRpc(connection, to, AuthService.method.verifyToken, wish);
    if (!answer.ok) {
      assert.equal(answer.reason, 'STORE_UNAVAILABLE', `${answer.reason}: ${answer.message}`);
      calls.unknown.get(identity.id)?.push({ at: performance.now(), cost });
      continue;
    }
    const { code } = answer.message;
    assert.ok(code === VerifyCode.VALID || code === VerifyCode.CREDITS_EXHAUSTED, `code ${code}`);
    if (code === VerifyCode.VALID) calls.granted.get(identity.id)?.push({ at: performance.now(), cost });
    else if (cost === 1) calls.spent.add(identity);
  }
  for (const { connection } of connections) connection.close();
}

/** Everybody's charges are in the audit, with their costs; and nothing else but what nobody knows of. */
async function assertRecorded(
  admin: KeypoolClient['admin'],
  { granted, unknown }: Pick<Calls, 'granted' | 'unknown'>,
): Promise<void> {
  const unitsOf = async (): Promise<ReadonlyMap<string, number>> => {
    const units = new Map<string, number>();
    for (const row of await auditRows(admin))
      units.set(row.consumerId, (units.get(row.consumerId) ?? 0) + row.units);
    return units;
  };
  const recorded = await eventually(
    'all that was granted is on record',
    async () => {
      const units = await unitsOf();
      return [...granted].every(([id, grants]) => (units.get(id) ?? 0) >= creditsOf(grants)) ? units : null;
    },
    SHOWN_WITHIN_MS,
  );
  for (const [id, grants] of granted) {
    const most = creditsOf(grants) + creditsOf(unknown.get(id) ?? []);
    const units = recorded.get(id) ?? 0;
    assert.ok(units <= most, `${units} credits on record of at most ${most}`);
  }
}

/** 200 identities on 4 processes and one MongoDB spend more than they have. */
export async function creditsUnderLoad(t: TestContext, load: CreditLoad): Promise<void> {
  const { start } = useServers(t, await openMongodb());
  // Without the store credits are not exact: then none are to be granted.
  const env = { CREDITS_WHEN_STORE_DOWN: 'refuse' };
  const servers = await Promise.all(Array.from({ length: PROCESSES }, () => start(env)));
  const [first] = servers;
  if (first === undefined) return assert.fail('no server was started');
  const identities = await addIdentities(first.admin);
  const backend = { name: 'backend', scopes: ['tokens.verify'] };
  const { token } = await first.admin.createConsumer({ consumer: backend });
  const byIdentity = () => new Map(identities.map(({ id }): [string, GrantedCredits[]] => [id, []]));
  const [granted, unknown] = [byIdentity(), byIdentity()];
  const spent = new Set<Identity>();
  const begunMs = performance.now();
  const isOver = (): boolean =>
    performance.now() > begunMs + load.seconds * 1000 ||
    (load.untilSpent && spent.size === identities.length);
  const calls = { identities, urls: servers.map(({ url }) => url), token, granted, unknown, spent, isOver };
  await Promise.all(Array.from({ length: CALLERS }, (_, i) => call(calls, seededRandom(load.seed + i))));
  const limits = new Map(identities.map(({ id, limit }) => [id, limit]));
  assertWithinLimits(granted, (id) => limits.get(id) ?? 0, MINUTE_MS);
  const windows = 1 + Math.floor((performance.now() - begunMs) / FREE_AGAIN_MS);
  const possible = windows * identities.reduce((sum, { limit }) => sum + limit, 0);
  const served = [...granted.values()].reduce((sum, grants) => sum + creditsOf(grants), 0);
  t.diagnostic(`${served} of ${possible} credits were served (${((100 * served) / possible).toFixed(1)} %)`);
  assert.ok(served >= SERVED_MIN * possible, `only ${served} of ${possible} credits were served`);
  const answers = [...granted.values()].flat().length;
  const unconfirmed = [...unknown.values()].flat().length;
  if (unconfirmed > 0) t.diagnostic(`${unconfirmed} charges were not confirmed in time, ${answers} were`);
  assert.ok(
    unconfirmed <= STANDSTILLS_MAX * CALLERS,
    `${unconfirmed} of ${answers} charges were not confirmed`,
  );
  await assertRecorded(first.admin, calls);
}
