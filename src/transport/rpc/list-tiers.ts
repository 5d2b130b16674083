import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listTiers } from '../../domain/list-tiers.ts';
import { callOf } from '../call.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { fromTier } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const listTiersRpc: Rpc<typeof AdminService.method.listTiers> =
  (context) => async (request, handler) => {
    const list = { rpc: 'ListTiers', filter: {} };
    const page = await listTiers(context, callOf(handler), pageOf(request, list));
    return { tiers: page.items.map(fromTier), nextPageToken: nextPageToken(page, list) };
  };
