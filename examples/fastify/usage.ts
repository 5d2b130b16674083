import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeypoolClient, MessageInitShape, UsageRecordSchema } from 'keypool/client';

type UsageRecord = MessageInitShape<typeof UsageRecordSchema>;

/** What Keypool takes at once. */
const BATCH_MAX = 100;
/** What is kept while Keypool is out of reach; the oldest go first. */
const KEPT_MAX = 10_000;

/** Tells Keypool what became of the calls, some at a time. */
export function usageRecorder({ auth }: KeypoolClient) {
  let waiting: UsageRecord[] = [];
  let flushing: Promise<void> | null = null;

  /** Rejects when Keypool is out of reach; then it is sent the next time, and counted once all the same. */
  function flush(): Promise<void> {
    flushing ??= sendAll().finally(() => {
      flushing = null;
    });
    return flushing;
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const events = waiting.slice(0, BATCH_MAX);
      await auth.batchRecordUsage({ events });
      waiting = waiting.filter((record) => !events.includes(record));
    }
  }

  function note(request: FastifyRequest, reply: FastifyReply): void {
    const { url } = request.routeOptions;
    if (request.caller === null) return;
    waiting.push({
      id: request.id,
      requestId: request.id,
      consumerId: request.caller,
      resource: url,
      // A path that no route serves is not named: anybody can think of any number of them.
      endpoint: url === undefined ? '' : `${request.method} ${url}`,
      statusCode: reply.statusCode,
      ipAddress: request.ip,
    });
    if (waiting.length > KEPT_MAX) waiting.shift();
  }

  return { note, flush };
}
