import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeypoolClient } from 'keypool/client';
import { rateLimitHeaders, refusalOf } from './answers.ts';

/** Asks Keypool about every request: who calls, may they, and have they credits for it. */
export function behindKeypool({ auth }: KeypoolClient) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { url: resource, config } = request.routeOptions;
    const verified = await auth.verifyToken({
      token: request.headers.authorization?.replace(/^bearer +/i, '') ?? '',
      ipAddress: request.ip,
      requiredScopes: [...(config.scopes ?? [])],
      cost: config.cost ?? 1,
      resource,
      requestId: request.id,
    });
    reply.headers(rateLimitHeaders(verified));
    const refusal = refusalOf(verified.code);
    if (refusal !== null) return reply.code(refusal.status).send({ error: refusal.error });
    request.caller = verified.consumer?.id ?? `subject:${verified.subject}`;
  };
}
