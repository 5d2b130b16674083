import { mongodbHarness } from '../support/mongodb-harness.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';
import { registerFairnessTests } from './register-fairness-tests.ts';
import { registerLoadTests } from './register-load-tests.ts';
import { registerManyKeysTests } from './register-many-keys-tests.ts';

const KEYS = 20_000;

for (const [name, makeStore] of [
  ['SQLite', sqliteHarness],
  ['MongoDB', mongodbHarness],
] as const) {
  registerFairnessTests(name, makeStore);
  registerLoadTests(name, makeStore);
  registerManyKeysTests(name, makeStore, KEYS);
}
