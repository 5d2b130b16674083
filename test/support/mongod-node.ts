import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, launchMongod, type MongodProcess } from './mongod-process.ts';

const PORT_TRIES = 5;

export type MongodNode = {
  readonly port: number;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** Sends a signal (SIGKILL unless named), and waits for the end except after SIGSTOP and SIGCONT. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Starts the node again on its port and data, killing it first if it runs; resolves when it listens. */
  readonly restart: () => Promise<void>;
};

export type NodePlace = {
  readonly rootFolder: string;
  readonly index: number;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly replicaSet: string | undefined;
};

/** Starts one mongod on a free port, with its data in a folder of its own. */
export async function startNode({
  rootFolder,
  index,
  parameters,
  replicaSet,
}: NodePlace): Promise<MongodNode> {
  const dataFolder = join(rootFolder, String(index));
  await mkdir(dataFolder);
  const launch = (port: number) =>
    launchMongod({ port, dataFolder, rootFolder, parameters, ...(replicaSet ? { replicaSet } : {}) });
  const { port, value } = await onFreePort(launch);
  let current: MongodProcess = value;
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    current.signal(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await current.exited();
  };
  const restart = async () => {
    await kill();
    current = await launch(port);
  };
  return {
    port,
    get pid() {
      return current.pid;
    },
    kill,
    restart,
  };
}

/** Another process may take a port between the look and the start: then another one is tried. */
async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<{ port: number; value: T }> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    try {
      return { port, value: await start(port) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || tries === PORT_TRIES) throw error;
    }
  }
}
