import type { DatabaseSync } from 'node:sqlite';
import type { Store, StoreOptions } from '../port.ts';
import { createAlertStore } from './alert-store.ts';
import { createAuditStore } from './audit-store.ts';
import { createConsumerStore } from './consumer-store.ts';
import { createCore } from './core.ts';
import { createCreditStore } from './credit-store.ts';
import { createDrawStore } from './draw-store.ts';
import { createIdentityStore } from './identity-store.ts';
import { createKeyMoves } from './key-moves.ts';
import { createKeyScans } from './key-scans.ts';
import { createKeyStore } from './key-store.ts';
import { createMaintenanceStore } from './maintenance-store.ts';
import { createOutcomeStore } from './outcome-store.ts';
import { createQuotaGroupStore } from './quota-group-store.ts';
import { createSealStore } from './seal-store.ts';
import { createTierStore } from './tier-store.ts';
import { createUsage } from './usage.ts';

/** The store on an open database whose schema is up to date; closing it closes the database. */
export function createSqliteStore(db: DatabaseSync, path: string, options: StoreOptions): Store {
  const core = createCore(db, path, options);
  const usage = createUsage(core);
  return {
    ...createDrawStore(core, usage),
    ...createOutcomeStore(core, usage),
    ...createQuotaGroupStore(core),
    ...createTierStore(core),
    ...createKeyStore(core),
    ...createKeyScans(core),
    ...createKeyMoves(core),
    ...createConsumerStore(core),
    ...createCreditStore(core),
    ...createAuditStore(core, usage),
    ...createIdentityStore(core),
    ...createSealStore(core),
    ...createAlertStore(core),
    ...createMaintenanceStore(core, path),
  };
}
