import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listQuotaGroups } from '../../domain/list-quota-groups.ts';
import { callOf } from '../call.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { fromQuotaGroup } from '../convert/quota-group.ts';
import type { Rpc } from './rpc.ts';

const LIST = { rpc: 'ListQuotaGroups', filter: {} };

export const listQuotaGroupsRpc: Rpc<typeof AdminService.method.listQuotaGroups> =
  (context) => async (request, handler) => {
    const page = await listQuotaGroups(context, callOf(handler), pageOf(request, LIST));
    return { quotaGroups: page.items.map(fromQuotaGroup), nextPageToken: nextPageToken(page, LIST) };
  };
