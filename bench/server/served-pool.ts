import type { Ask } from '../load/plan.ts';
import type { StoreName } from '../plan.ts';
import { fillPool } from '../pool/fill.ts';
import type { PoolShape } from '../pool/shape.ts';
import { type Database, freshDatabase } from './database.ts';
import { startKeypool } from './keypool.ts';
import type { Subject } from './subject.ts';

/** A filled database with a server on it. */
export interface ServedPool {
  readonly store: StoreName;
  readonly database: Database;
  readonly asks: readonly Ask[];
  readonly server: Subject;
}

/** Fills a fresh database and serves it; both go with `until`. */
export async function servePool(
  store: StoreName,
  shape: PoolShape,
  until: AsyncDisposableStack,
): Promise<ServedPool> {
  const database = await freshDatabase(store);
  until.defer(database.drop);
  const { asks } = await fillPool(database, shape);
  const server = await startKeypool(database.url);
  until.defer(server.stop);
  return { store, database, asks, server };
}
