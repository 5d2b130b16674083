import { registerFairnessTests } from '../store/register-fairness-tests.ts';
import { registerLoadTests } from '../store/register-load-tests.ts';
import { registerManyKeysTests } from '../store/register-many-keys-tests.ts';
import { mongodbHarness } from '../support/mongodb-harness.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

const KEYS = 20_000;

for (const [name, makeStore] of [
  ['SQLite', sqliteHarness],
  ['MongoDB', mongodbHarness],
] as const) {
  registerFairnessTests(name, makeStore);
  registerLoadTests(name, makeStore);
  registerManyKeysTests(name, makeStore, KEYS);
}
