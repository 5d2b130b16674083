import { describe } from 'node:test';
import { mongodbHarness } from '../support/mongodb-harness.ts';
import { registerStoreTests } from './register-store-tests.ts';

// Most of a test's time is waiting for the server; each has a database of its own.
describe('on a replica set', { concurrency: 4 }, () => registerStoreTests('MongoDB', mongodbHarness));
