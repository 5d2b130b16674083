import { z } from 'zod';

/*
 * What the processes tell each other, as JSON over the channel that node:child_process opens between them.
 */

const primaryMessage = z.discriminatedUnion('kind', [
  /** Here is a connection, which comes as the message's handle. */
  z.object({ kind: z.literal('connection'), id: z.number() }),
  /** Finish the calls under way and end. */
  z.object({ kind: z.literal('stop') }),
]);

const facts = z.object({
  url: z.string(),
  database: z.string(),
  version: z.string(),
  encryptionKeyId: z.string().nullable(),
});

const workerMessage = z.discriminatedUnion('kind', [
  /** It takes calls; `demo` is what a demo tells people, where it was asked to put one in. */
  z.object({ kind: z.literal('ready'), facts, demo: z.string().nullable() }),
  /** It cannot start, and why, for people. */
  z.object({ kind: z.literal('failed'), reason: z.string() }),
  /** The connection is its own now. Nothing was read from it before. */
  z.object({ kind: z.literal('taken'), id: z.number() }),
  /** It is ending: the connection is for another one, and so is every further one. */
  z.object({ kind: z.literal('refused'), id: z.number() }),
]);

/** What a serving process is and where, the same for all that share the port. */
export type ServiceFacts = Readonly<z.infer<typeof facts>>;

export type PrimaryMessage = Readonly<z.infer<typeof primaryMessage>>;
export type WorkerMessage = Readonly<z.infer<typeof workerMessage>>;

/** What the first process told; null for anything else that came through the channel. */
export function readPrimaryMessage(message: unknown): PrimaryMessage | null {
  return primaryMessage.safeParse(message).data ?? null;
}

/** What a serving process told; null for anything else that came through the channel. */
export function readWorkerMessage(message: unknown): WorkerMessage | null {
  return workerMessage.safeParse(message).data ?? null;
}
