import type { KeyPoolService } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { drawKey } from '../../domain/draw-key.ts';
import { refuseIfLate, withholdUnsent } from '../../domain/release-key.ts';
import { callOf } from '../call.ts';
import { msFromDuration, optionalTimestamp } from '../convert/time.ts';
import { leaveRoom, requestInfoOf } from '../request-info.ts';
import type { Rpc } from './rpc.ts';

export const drawKeyRpc: Rpc<typeof KeyPoolService.method.drawKey> =
  (context) => async (request, handler) => {
    const info = requestInfoOf(handler.values);
    const maxWaitMs = request.maxWait === undefined ? 0 : msFromDuration(request.maxWait);
    info.waitMs = maxWaitMs;
    const drawn = await drawKey(context, callOf(handler), {
      feature: request.feature,
      units: request.units ?? 1,
      tierId: request.tierId ?? null,
      requestId: request.requestId ?? null,
      ...(request.affinity === undefined ? {} : { affinity: request.affinity }),
      // Those who wait have bounds of their own: the report that one of them waits for must get in.
      ...(maxWaitMs === 0 ? {} : { maxWaitMs, onWaiting: () => leaveRoom(info) }),
    });
    info.refuseAtLast = () => refuseIfLate(context, drawn);
    // With a request id, a retry may have taken the value out by now.
    if (request.requestId === undefined) info.neverLeft = () => withholdUnsent(context, drawn);
    return {
      drawId: drawn.drawId,
      keyId: drawn.keyId,
      keyName: drawn.keyName,
      tierId: drawn.tierId,
      value: drawn.value,
      secrets: { ...drawn.secrets },
      metadata: { ...drawn.metadata },
      units: drawn.units,
      expireTime: optionalTimestamp(drawn.expireAt),
    };
  };
