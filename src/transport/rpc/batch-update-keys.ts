import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { KeyState } from '../../../gen/keypool/v1/key_pb.ts';
import { batchUpdateKeys, type KeyUpdate } from '../../domain/batch-update-keys.ts';
import { callOf } from '../call.ts';
import { fromKey, toKeyStateFilter, toSettableState } from '../convert/key.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { textOrUndefined } from '../convert/required.ts';
import { durationFromMs } from '../convert/time.ts';
import type { Rpc } from './rpc.ts';

function fromUpdate({ id, key, error }: KeyUpdate) {
  if (error === null) return { id, key: fromKey(key) };
  const { reason, message, retryAfterMs } = error;
  return {
    id,
    reason,
    message,
    ...(retryAfterMs === null ? {} : { retryDelay: durationFromMs(retryAfterMs) }),
  };
}

export const batchUpdateKeysRpc: Rpc<typeof AdminService.method.batchUpdateKeys> =
  (context) => async (request, handler) => {
    const { ids, filter, state, stateReason, tierId } = request;
    const list = { rpc: 'BatchUpdateKeys', filter: { ...filter, to: [state, stateReason, tierId] } };
    const { pageToken } = pageOf({ pageSize: 0, pageToken: request.pageToken }, list);
    const wanted = filter === undefined ? undefined : toKeyStateFilter(filter.state);
    const batch = await batchUpdateKeys(context, callOf(handler), {
      keys:
        filter === undefined
          ? { ids }
          : {
              filter: { tierId: filter.tierId, ...(wanted === undefined ? {} : { state: wanted }) },
              after: pageToken === '' ? null : pageToken,
            },
      changes: {
        ...(state === KeyState.UNSPECIFIED ? {} : { state: toSettableState(state) }),
        ...(stateReason === '' ? {} : { stateReason }),
      },
      tierId: textOrUndefined(tierId) ?? null,
    });
    return { results: batch.results.map(fromUpdate), nextPageToken: nextPageToken(batch, list) };
  };
