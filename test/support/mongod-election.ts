import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { MongodNode } from './mongod-node.ts';

const POLL_MS = 20;
const ELECTION_WAIT_MAX_MS = 60_000;
const COMMAND_SELECTION_MS = 10_000;
/** Short, so that asking a dead node does not hold up seeing the next primary. */
const HELLO_SELECTION_MS = 500;
/** PRIMARY and SECONDARY, in the numbers of `replSetGetStatus`. */
const SETTLED_STATES = [1, 2];

/** Makes the nodes one replica set; resolves when it has a primary and the others follow it. */
export async function initiate(nodes: readonly MongodNode[], name: string, electionTimeoutMillis: number) {
  const [first] = nodes;
  if (first === undefined) throw new Error('a replica set needs a node');
  const members = nodes.map(({ port }, index) => ({ _id: index, host: `127.0.0.1:${port}` }));
  const settings = { electionTimeoutMillis, heartbeatIntervalMillis: 200 };
  await adminCommand(first, { replSetInitiate: { _id: name, members, settings } });
  await awaitSettled(nodes);
}

/** Waits until one of the nodes takes writes and every other one follows it. */
export async function awaitSettled(nodes: readonly MongodNode[]): Promise<void> {
  await until(async () => isSettled(await awaitPrimary(nodes)), 'the set did not settle');
}

/** Waits until one of the nodes takes writes and returns it. */
export async function awaitPrimary(nodes: readonly MongodNode[]): Promise<MongodNode> {
  let primary: MongodNode | undefined;
  await until(async () => {
    const answers = await Promise.all(
      nodes.map((node) => adminCommand(node, { hello: 1 }, HELLO_SELECTION_MS).catch(() => ({}))),
    );
    primary = nodes.find((_, index) => Object(answers[index]).isWritablePrimary === true);
    return primary !== undefined;
  }, 'no primary was elected');
  if (primary === undefined) throw new Error('no primary was elected');
  return primary;
}

async function isSettled(node: MongodNode): Promise<boolean> {
  const { members } = await adminCommand(node, { replSetGetStatus: 1 });
  return Array.isArray(members) && members.every(({ state }) => SETTLED_STATES.includes(state));
}

async function until(condition: () => Promise<boolean>, failure: string): Promise<void> {
  const deadline = performance.now() + ELECTION_WAIT_MAX_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${failure} within ${ELECTION_WAIT_MAX_MS} ms`);
    await delay(POLL_MS);
  }
}

function adminCommand(
  node: MongodNode,
  command: Record<string, unknown>,
  selectionMs = COMMAND_SELECTION_MS,
): Promise<Record<string, unknown>> {
  const uri = `mongodb://127.0.0.1:${node.port}/?directConnection=true`;
  return withClient(uri, selectionMs, (client) => client.db('admin').command(command));
}

/** Connects, uses and closes one client; `selectionMs` bounds the wait for a server that answers. */
export async function withClient<T>(
  uri: string,
  selectionMs: number,
  use: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: selectionMs });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
