import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { rotateSigningKey } from '../../domain/rotate-signing-key.ts';
import { callOf } from '../call.ts';
import { timestampFrom } from '../convert/time.ts';
import type { Rpc } from './rpc.ts';

export const rotateSigningKeyRpc: Rpc<typeof AdminService.method.rotateSigningKey> =
  (context) =>
  async ({ reason, revokePrevious }, handler) => {
    const replaced = await rotateSigningKey(context, callOf(handler), { reason, revokePrevious });
    const { id, createdAt, withdrawn } = replaced;
    return { keyId: id, createTime: timestampFrom(createdAt), withdrawnKeys: withdrawn.length };
  };
