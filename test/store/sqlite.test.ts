import { sqliteHarness } from '../support/sqlite-harness.ts';
import { registerClockTests } from './register-clock-tests.ts';
import { registerStoreTests } from './register-store-tests.ts';

registerStoreTests('SQLite', sqliteHarness);
registerClockTests('SQLite', sqliteHarness);
