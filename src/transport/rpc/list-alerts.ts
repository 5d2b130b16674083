import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { type AlertFilter, listAlerts } from '../../domain/list-alerts.ts';
import { callOf } from '../call.ts';
import { fromAlert, toAlertKind, toAlertState } from '../convert/alert.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import type { Rpc } from './rpc.ts';

export const listAlertsRpc: Rpc<typeof AdminService.method.listAlerts> =
  (context) => async (request, handler) => {
    const state = toAlertState(request.state);
    const kind = toAlertKind(request.kind);
    const filter: AlertFilter = {
      ...(state === undefined ? {} : { state }),
      ...(kind === undefined ? {} : { kind }),
    };
    const list = { rpc: 'ListAlerts', filter };
    const page = await listAlerts(context, callOf(handler), { ...pageOf(request, list), filter });
    return { alerts: page.items.map(fromAlert), nextPageToken: nextPageToken(page, list) };
  };
