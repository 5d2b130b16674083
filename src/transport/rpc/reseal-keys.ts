import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { resealKeys } from '../../domain/reseal-keys.ts';
import { callOf } from '../call.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import type { Rpc } from './rpc.ts';

const LIST = { rpc: 'ResealKeys', filter: {} };

export const resealKeysRpc: Rpc<typeof AdminService.method.resealKeys> =
  (context) => async (request, handler) => {
    const { pageToken } = pageOf({ pageSize: 0, pageToken: request.pageToken }, LIST);
    const done = await resealKeys(context, callOf(handler), { pageToken });
    return {
      sealingKeyId: done.sealingKeyId,
      checkedKeys: done.checked,
      resealedKeys: done.resealed,
      brokenKeys: done.broken,
      releasedKeyIds: [...done.released],
      nextPageToken: nextPageToken(done, LIST),
    };
  };
