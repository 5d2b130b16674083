import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { setOwnerCredits } from '../../domain/set-owner-credits.ts';
import { callOf } from '../call.ts';
import { fromOwnerCredits } from '../convert/owner-credits.ts';
import type { Rpc } from './rpc.ts';

export const setOwnerCreditsRpc: Rpc<typeof AdminService.method.setOwnerCredits> =
  (context) =>
  async ({ owner, creditsPerMinute }, handler) => {
    const set = await setOwnerCredits(context, callOf(handler), { owner, creditsPerMinute });
    return { ownerCredits: fromOwnerCredits(set) };
  };
