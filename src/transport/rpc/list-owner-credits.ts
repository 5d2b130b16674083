import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listOwnerCredits } from '../../domain/list-owner-credits.ts';
import { callOf } from '../call.ts';
import { fromOwnerCredits } from '../convert/owner-credits.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import type { Rpc } from './rpc.ts';

const LIST = { rpc: 'ListOwnerCredits', filter: {} };

export const listOwnerCreditsRpc: Rpc<typeof AdminService.method.listOwnerCredits> =
  (context) => async (request, handler) => {
    const page = await listOwnerCredits(context, callOf(handler), pageOf(request, LIST));
    return { ownerCredits: page.items.map(fromOwnerCredits), nextPageToken: nextPageToken(page, LIST) };
  };
