import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import type { KeyFields } from '../../domain/key-fields.ts';
import { updateKey } from '../../domain/update-key.ts';
import { callOf } from '../call.ts';
import { toBudgets } from '../convert/budget.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { fromKey, TRAIT_FIELDS, toExpireAt, toSettableState, toTraits } from '../convert/key.ts';
import { etagOrNull, required } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const updateKeyRpc: Rpc<typeof AdminService.method.updateKey> =
  (context) => async (request, handler) => {
    const message = required(request.key, 'key');
    const changes = maskedChanges<KeyFields>(request.updateMask, {
      name: () => ({ name: message.name }),
      value: () => ({ value: message.value }),
      secrets: () => ({ secrets: message.secrets }),
      metadata: () => ({ metadata: message.metadata }),
      state: () => ({ state: toSettableState(message.state) }),
      state_reason: () => ({ stateReason: message.stateReason }),
      expire_time: () => ({ expireAt: toExpireAt(message) }),
      budgets: () => ({ budgets: toBudgets(message.budgets) }),
      ...Object.fromEntries(Object.keys(TRAIT_FIELDS).map((path) => [path, () => ({})])),
    });
    const traits = toTraits(message, request.updateMask?.paths ?? []);
    const input = { id: message.id, etag: etagOrNull(message.etag), changes: { ...changes, traits } };
    return { key: fromKey(await updateKey(context, callOf(handler), input)) };
  };
