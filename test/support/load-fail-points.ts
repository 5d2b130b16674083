import type { Document } from 'mongodb';
import { withClient } from './mongod-election.ts';

const SELECTION_MS = 10_000;

/** Which commands a mongod holds up before it carries them out, and for how long (ms). */
export type HeldCommands = {
  readonly failCommands: readonly string[];
  /** Only on this collection, as `database.collection`. */
  readonly namespace: string;
  /** Only of clients that name themselves so in their connection string. */
  readonly appName?: string;
  readonly blockTimeMS: number;
};

/**
 * Makes a mongod that was started with `enableTestCommands: 1` hold up commands (its fail point `failCommand`, one at a
 * time); gives the undo. What is being held up stays so until its time is over.
 */
export async function holdCommands(uri: string, held: HeldCommands): Promise<() => Promise<void>> {
  const set = (mode: 'alwaysOn' | 'off', data: Document) =>
    withClient(uri, SELECTION_MS, async (client) => {
      await client.db('admin').command({ configureFailPoint: 'failCommand', mode, data });
    });
  await set('alwaysOn', { ...held, blockConnection: true });
  return () => set('off', {});
}

/** How many inserts into a collection a mongod has under way. */
export function insertsUnderWay(uri: string, collection: string): Promise<number> {
  return withClient(uri, SELECTION_MS, async (client) => {
    const { inprog } = await client.db('admin').command({ currentOp: 1, 'command.insert': collection });
    return inprog.length;
  });
}
