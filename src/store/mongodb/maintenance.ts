import type { MaintenanceStore } from '../port.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';
import { parkExpiredKeys } from './expired-keys.ts';
import { SCHEMA_VERSION } from './migrations.ts';

type Maintenance = Pick<
  MaintenanceStore,
  'parkExpiredKeys' | 'poolSizes' | 'keepMeta' | 'listMeta' | 'status' | 'now'
>;

/** `detail`: one plain line about the database without credentials. */
export function createMaintenance(context: MongoContext, detail: string): Maintenance {
  const { rows } = context;
  return {
    parkExpiredKeys: (limit) => atEdge(() => parkExpiredKeys(context, limit)),
    poolSizes: (cap) =>
      atEdge(async () => {
        const [tiers, keys, consumers] = await Promise.all([
          rows.tiers.countDocuments({}, { limit: cap }),
          rows.keys.countDocuments({}, { limit: cap }),
          rows.consumers.countDocuments({}, { limit: cap }),
        ]);
        return { tiers, keys, consumers };
      }),
    keepMeta: (name, value) => atEdge(() => keepMeta(context, name, value)),
    listMeta: (prefix) =>
      atEdge(async () => {
        const stored = await rows.meta.find({ _id: { $gte: prefix } }).toArray();
        return new Map(
          stored.filter(({ _id }) => _id.startsWith(prefix)).map(({ _id, value }) => [_id, value]),
        );
      }),
    status: async () => ({
      kind: 'mongodb',
      reachable: await isReachable(context),
      schemaVersion: SCHEMA_VERSION,
      detail,
      clockJump: context.storeClock.lastJump(),
    }),
    now: () => storeNow(context),
  };
}

async function isReachable({ client }: MongoContext): Promise<boolean> {
  try {
    await client.db('admin').command({ ping: 1 });
    return true;
  } catch {
    return false;
  }
}

async function keepMeta({ rows }: MongoContext, name: string, value: string): Promise<string> {
  try {
    await rows.meta.insertOne({ _id: name, value });
    return value;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  return (await rows.meta.findOne({ _id: name }))?.value ?? value;
}
