import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listKeys } from '../../domain/list-keys.ts';
import { callOf } from '../call.ts';
import { fromKey, toKeyStateFilter } from '../convert/key.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { textOrUndefined } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const listKeysRpc: Rpc<typeof AdminService.method.listKeys> =
  (context) => async (request, handler) => {
    const filter = { tierId: textOrUndefined(request.tierId), state: toKeyStateFilter(request.state) };
    const list = { rpc: 'ListKeys', filter };
    const page = await listKeys(context, callOf(handler), { ...pageOf(request, list), filter });
    return { keys: page.items.map(fromKey), nextPageToken: nextPageToken(page, list) };
  };
