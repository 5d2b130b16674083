import { type ClientSession, type Document, MongoNetworkError } from 'mongodb';
import type { Command } from '../document-store/command.ts';
import { unknownTo } from '../document-store/values.ts';
import type { Link } from '../link.ts';
import { brokenBulk, bulkResult, NO_COUNTS, valueIn, type WriteCounts } from './errors.ts';
import { transactionIn } from './session.ts';
import { add, type Observe, type Target } from './statements.ts';

/** The options of the driver's calls that are known here. */
export interface Options {
  readonly session?: ClientSession;
  readonly maxTimeMS?: number;
  readonly ordered?: boolean;
  readonly projection?: Document;
  readonly returnDocument?: 'after' | 'before';
  readonly readConcern?: { readonly level: string };
  readonly limit?: number;
  readonly writeConcern?: { readonly w: 1 | 'majority' };
}

type Run<T> = (target: Target) => T;

/** How the calls on one collection become commands, and answers become values or the driver's errors. */
export interface Channel {
  readonly read: <T>(name: string, options: Options, run: Run<T>) => Promise<T>;
  readonly write: <T>(name: string, options: Options, run: Run<T>) => Promise<T>;
  /** Several statements in one command. */
  readonly bulk: (
    name: string,
    options: Options,
    statements: readonly Run<WriteCounts>[],
  ) => Promise<WriteCounts>;
}

export function createChannel(table: string, link: Link, observe: Observe): Channel {
  const commandOf = (
    name: string,
    kind: Command['kind'],
    { session, maxTimeMS, writeConcern }: Options,
    runs: readonly Run<unknown>[],
    combine: Command['combine'] = ([value]) => value,
  ): Command => ({
    name: `${table}.${name}`,
    kind,
    maxTimeMs: maxTimeMS,
    transaction: transactionIn(session),
    unconfirmed: writeConcern?.w === 1,
    steps: runs.map((run) => (rows, now) => run({ table, rows, now, observe })),
    combine,
  });

  return {
    read: async <T>(name: string, options: Options, run: Run<T>): Promise<T> => {
      const command = commandOf(name, readKind(options), options, [run]);
      // Reads are tried again once by the driver, but not in a transaction.
      const answer = await link.send(command).catch((error: unknown) => {
        if (!(error instanceof MongoNetworkError) || command.transaction !== undefined) throw error;
        return link.send(command);
      });
      return valueIn(answer) as T;
    },
    write: async <T>(name: string, options: Options, run: Run<T>): Promise<T> =>
      valueIn(await link.send(commandOf(name, 'write', options, [run]))) as T,
    bulk: async (name, options, statements) => {
      const sum: Command['combine'] = (counts) => (counts as readonly WriteCounts[]).reduce(add, NO_COUNTS);
      const command = commandOf(name, 'write', options, statements, sum);
      const answer = await link.send(command).catch((error: Error) => {
        throw brokenBulk(error);
      });
      return bulkResult(answer);
    },
  };
}

const READ_KINDS: Readonly<Record<string, Command['kind']>> = {
  local: 'read',
  majority: 'majority-read',
  // Outside a transaction it is the last one that a majority has.
  snapshot: 'majority-read',
  linearizable: 'linearizable-read',
};

function readKind({ readConcern }: Options): Command['kind'] {
  const level = readConcern?.level ?? 'local';
  const kind = READ_KINDS[level];
  if (kind === undefined) throw unknownTo(`the read concern ${level}`);
  return kind;
}
