import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listKeys } from '../../domain/list-keys.ts';
import { callOf } from '../call.ts';
import { fromKey } from '../convert/key.ts';
import { toKeyOrdering, toListedKeys } from '../convert/key-list.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import type { Rpc } from './rpc.ts';

export const listKeysRpc: Rpc<typeof AdminService.method.listKeys> =
  (context) => async (request, handler) => {
    const filter = toListedKeys(request);
    const ordering = toKeyOrdering(request);
    const list = { rpc: 'ListKeys', filter: { ...filter, ...ordering } };
    const input = { ...pageOf(request, list), filter, ordering };
    const page = await listKeys(context, callOf(handler), input);
    return { keys: page.items.map(fromKey), nextPageToken: nextPageToken(page, list) };
  };
