import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { allowSubject } from '../../domain/allow-subject.ts';
import { callOf } from '../call.ts';
import type { Rpc } from './rpc.ts';

export const allowSubjectRpc: Rpc<typeof AdminService.method.allowSubject> =
  (context) =>
  async ({ subject }, handler) => {
    await allowSubject(context, callOf(handler), { subject });
    return {};
  };
