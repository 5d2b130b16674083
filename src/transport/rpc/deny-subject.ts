import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { denySubject } from '../../domain/deny-subject.ts';
import { callOf } from '../call.ts';
import { fromDeniedSubject } from '../convert/denied-subject.ts';
import type { Rpc } from './rpc.ts';

export const denySubjectRpc: Rpc<typeof AdminService.method.denySubject> =
  (context) =>
  async ({ subject, reason }, handler) => {
    const denied = await denySubject(context, callOf(handler), { subject, reason });
    return { deniedSubject: fromDeniedSubject(denied) };
  };
