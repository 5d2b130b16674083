import { withClient } from './mongod-election.ts';

const SELECTION_MS = 10_000;

/** Which commands a mongod holds up before it carries them out, and for how long (ms). */
export type HeldCommands = {
  readonly failCommands: readonly string[];
  /** Only on this collection, as `database.collection`. */
  readonly namespace: string;
  /** Only of clients that name themselves so in their connection string. */
  readonly appName: string;
  readonly blockTimeMS: number;
};

/**
 * Makes a mongod that was started with `enableTestCommands: 1` hold up commands from now on (its fail point
 * `failCommand`, of which there is one).
 */
export function holdCommands(uri: string, held: HeldCommands): Promise<void> {
  return withClient(uri, SELECTION_MS, async (client) => {
    const data = { ...held, blockConnection: true };
    await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data });
  });
}

/** How many inserts into a collection a mongod has under way. */
export function insertsUnderWay(uri: string, collection: string): Promise<number> {
  return withClient(uri, SELECTION_MS, async (client) => {
    const { inprog } = await client.db('admin').command({ currentOp: 1, 'command.insert': collection });
    return inprog.length;
  });
}
