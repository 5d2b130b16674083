import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { ConnectError, type KeypoolClient } from 'keypool/client';
import { behindKeypool } from './behind-keypool.ts';
import { usageRecorder } from './usage.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, by the id that Keypool knows it by; null when it was refused. */
    caller: string | null;
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed to do. */
    scopes?: readonly string[];
    /** Credits that a call costs; 1 unless named. */
    cost?: number;
  }
}

const FLUSH_MS = 1000;

/** An ordinary HTTP API that leaves to Keypool who may call it, and how often. */
export function createApi(keypool: KeypoolClient): FastifyInstance {
  // Ids of our own making: a client that could choose them would be charged once for many calls.
  const api = fastify({ genReqId: () => randomUUID() });
  const usage = usageRecorder(keypool);
  const flush = () => usage.flush().catch((error: unknown) => api.log.warn(error));
  const timer = setInterval(flush, FLUSH_MS).unref();

  api.decorateRequest('caller', null);
  api.addHook('onRequest', behindKeypool(keypool));
  api.addHook('onResponse', async (request, reply) => usage.note(request, reply));
  api.addHook('onClose', async () => {
    clearInterval(timer);
    await flush();
  });
  // Keypool is out of reach, or refuses this service: nobody is let in unasked.
  api.setErrorHandler((error, request, reply) => {
    if (!(error instanceof ConnectError)) return reply.send(error);
    request.log.error(error);
    return reply.code(503).header('Retry-After', 1).send({ error: 'UNAVAILABLE' });
  });

  api.get('/hello', async (request) => ({ hello: request.caller }));
  api.post('/chat', { config: { scopes: ['chat.write'], cost: 10 } }, async () => ({ answer: 42 }));
  return api;
}
