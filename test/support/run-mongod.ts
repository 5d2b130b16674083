import { type Mongod, startForAllFiles } from './mongod.ts';

let mongod: Mongod | null = null;

/**
 * Called before the first test file of a run: one mongod for all of them, since each start takes a second or two. Where
 * there is none to be had, the files that need one say so themselves.
 */
export async function globalSetup(): Promise<void> {
  try {
    mongod = await startForAllFiles();
  } catch (error) {
    console.warn('No mongod for all files:', error);
  }
}

/** Called when the last one has ended. */
export async function globalTeardown(): Promise<void> {
  await mongod?.stop();
}
