import { Socket } from 'node:net';
import type { Connections } from '../transport/server/options.ts';
import { readPrimaryMessage, type WorkerMessage } from './messages.ts';

/** Resolves when the message has gone, also when nobody is there any more to read it. */
export function tellPrimary(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

/** The connections that the first process hands to this one, on the port that it listens on. */
export function handedConnections(port: number): Connections {
  let accept: ((socket: Socket) => void) | null = null;
  process.on('message', (message: unknown, handle: unknown) => {
    const told = readPrimaryMessage(message);
    if (told?.kind !== 'connection') return;
    const { id } = told;
    // Its caller may have gone on the way.
    const socket = handle instanceof Socket ? handle : null;
    void tellPrimary({ kind: accept === null ? 'refused' : 'taken', id });
    if (socket === null) return;
    if (accept === null) socket.destroy();
    else accept(socket);
  });
  return {
    port,
    begin: (run) => {
      accept = run;
    },
    end: () => {
      accept = null;
    },
  };
}
