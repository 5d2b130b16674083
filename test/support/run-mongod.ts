import { type Mongod, startForAllFiles } from './mongod.ts';

let mongod: Mongod | null = null;

/** Called before the first test file of a run: one mongod for all of them, since each start takes a second or two. */
export async function globalSetup(): Promise<void> {
  mongod = await startForAllFiles();
}

/** Called when the last one has ended. */
export async function globalTeardown(): Promise<void> {
  await mongod?.stop();
}
