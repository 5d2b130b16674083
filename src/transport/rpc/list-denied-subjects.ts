import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listDeniedSubjects } from '../../domain/list-denied-subjects.ts';
import { callOf } from '../call.ts';
import { fromDeniedSubject } from '../convert/denied-subject.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import type { Rpc } from './rpc.ts';

const LIST = { rpc: 'ListDeniedSubjects', filter: {} };

export const listDeniedSubjectsRpc: Rpc<typeof AdminService.method.listDeniedSubjects> =
  (context) => async (request, handler) => {
    const page = await listDeniedSubjects(context, callOf(handler), pageOf(request, LIST));
    return { deniedSubjects: page.items.map(fromDeniedSubject), nextPageToken: nextPageToken(page, LIST) };
  };
