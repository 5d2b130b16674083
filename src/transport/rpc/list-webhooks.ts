import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listWebhooks } from '../../domain/list-webhooks.ts';
import { callOf } from '../call.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { fromWebhook } from '../convert/webhook.ts';
import type { Rpc } from './rpc.ts';

const LIST = { rpc: 'ListWebhooks', filter: {} };

export const listWebhooksRpc: Rpc<typeof AdminService.method.listWebhooks> =
  (context) => async (request, handler) => {
    const page = await listWebhooks(context, callOf(handler), pageOf(request, LIST));
    return { webhooks: page.items.map(fromWebhook), nextPageToken: nextPageToken(page, LIST) };
  };
