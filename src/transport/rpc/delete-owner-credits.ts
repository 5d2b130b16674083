import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteOwnerCredits } from '../../domain/delete-owner-credits.ts';
import { callOf } from '../call.ts';
import type { Rpc } from './rpc.ts';

export const deleteOwnerCreditsRpc: Rpc<typeof AdminService.method.deleteOwnerCredits> =
  (context) =>
  async ({ owner }, handler) => {
    await deleteOwnerCredits(context, callOf(handler), owner);
    return {};
  };
