import { registerManyKeysTests } from '../store/register-many-keys-tests.ts';
import { mongodbHarness } from '../support/mongodb-harness.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

/** How many keys of one tier are spent at once; 1,000,000 takes some minutes. */
const KEYS = Number(process.env.SOAK_KEYS ?? 100_000);

registerManyKeysTests('SQLite', sqliteHarness, KEYS);
registerManyKeysTests('MongoDB', mongodbHarness, KEYS);
