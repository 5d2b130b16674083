import { createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { Context } from '../../src/domain/context.ts';
import { createLog } from '../../src/logging.ts';
import type { Ask } from '../load/plan.ts';
import type { Database } from '../server/database.ts';
import { serverEnv } from '../server/keypool.ts';
import { insertAuditRows } from './audit-mongodb.ts';
import { drawAuditRows } from './audit-sqlite.ts';
import { addConsumers, type FilledConsumer } from './consumers.ts';
import { drawFrom, type PoolShape } from './shape.ts';
import { addTiers, type FilledTier } from './tiers.ts';

/** Filling is heavier than serving: what takes longer than a draw may take is waited for. */
const PATIENT = 'socketTimeoutMS=60000&waitQueueTimeoutMS=60000';

/** A filled pool. */
export interface Pool {
  readonly database: Database;
  /** What may be drawn, one for each consumer. */
  readonly asks: readonly Ask[];
}

function patientUrl({ store, url }: Database): string {
  if (store === 'sqlite') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${PATIENT}`;
}

function addAuditRows(
  context: Context,
  { store, url }: Database,
  { auditRows }: PoolShape,
  filled: { readonly tiers: readonly FilledTier[]; readonly consumers: readonly FilledConsumer[] },
): Promise<void> {
  const consumer = (index: number): string => filled.consumers[index % filled.consumers.length]?.id ?? '';
  if (store === 'sqlite') {
    const draws = filled.tiers.map(({ tier }, i) => drawFrom(tier, consumer(i)));
    return drawAuditRows(context.store, draws, auditRows);
  }
  const draws = filled.tiers.flatMap(({ tier, keyIds }) =>
    keyIds.map((key, i) => ({
      consumer: consumer(i),
      key,
      tier: tier.id,
      feature: tier.features[0]?.name ?? '',
    })),
  );
  return insertAuditRows(url, draws, auditRows);
}

/** Opens the service on an empty database, fills it, and closes it again. */
export async function fillPool(database: Database, shape: PoolShape): Promise<Pool> {
  const beganAt = performance.now();
  const { log } = createLog({ level: 'error', format: 'json', colors: false });
  const app = await createApp(parseConfig(serverEnv(patientUrl(database))), { log });
  try {
    const tiers = await addTiers(app.context, shape);
    const consumers = await addConsumers(app.context, shape);
    await addAuditRows(app.context, database, shape, { tiers, consumers });
    const seconds = Math.round((performance.now() - beganAt) / 1000);
    console.error(
      `${database.store}: ${shape.keys} keys, ${shape.auditRows} audit rows filled in ${seconds} s`,
    );
    return { database, asks: consumers.map(({ ask }) => ask) };
  } finally {
    await app.close();
  }
}
