import { sqliteHarness } from '../support/sqlite-harness.ts';
import { registerClockTests } from './register-clock-tests.ts';
import { registerManyKeysTests } from './register-many-keys-tests.ts';
import { registerStoreTests } from './register-store-tests.ts';

registerStoreTests('SQLite', sqliteHarness);
registerClockTests('SQLite', sqliteHarness);
registerManyKeysTests('SQLite', sqliteHarness, 50_000);
