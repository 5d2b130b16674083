import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError } from './errors.ts';
import { getWebhook } from './get-webhook.ts';
import { sealProblem, signedRequest, type WebhookRequest } from './webhook-sender.ts';

/** For a call whose caller cannot go. */
const NEVER = new AbortController().signal;

/**
 * Sends one signed request at once, in one attempt; null when it was delivered, else what it met.
 * Errors: ADMIN_REQUIRED, WEBHOOK_NOT_FOUND, SEAL_BROKEN.
 */
export async function testWebhook(
  context: Context,
  call: Call,
  input: { readonly id: string },
): Promise<string | null> {
  requireAdmin(call.identity, 'write');
  const webhook = await getWebhook(context, call, input);
  const at = context.store.now();
  const data = { webhookId: webhook.id, message: 'A test of this webhook, asked for by an admin.' };
  let request: WebhookRequest;
  try {
    const message = { id: context.newId(), type: 'webhook.test', at, data } as const;
    request = signedRequest(context.sealer, webhook, message, at);
  } catch (error) {
    throw new KeypoolError('SEAL_BROKEN', `The webhook cannot be tested: ${sealProblem(error)}.`, {
      cause: error,
    });
  }
  return context.webhookSender.send(request, call.signal ?? NEVER);
}
