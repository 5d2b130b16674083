import type { ConnectRouter } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Context } from '../domain/context.ts';
import { batchCreateKeysRpc } from './rpc/batch-create-keys.ts';
import { createConsumerRpc } from './rpc/create-consumer.ts';
import { createKeyRpc } from './rpc/create-key.ts';
import { createTierRpc } from './rpc/create-tier.ts';
import { deleteConsumerRpc } from './rpc/delete-consumer.ts';
import { deleteKeyRpc } from './rpc/delete-key.ts';
import { deleteTierRpc } from './rpc/delete-tier.ts';
import { drawKeyRpc } from './rpc/draw-key.ts';
import { getAvailabilityRpc } from './rpc/get-availability.ts';
import { getConsumerRpc } from './rpc/get-consumer.ts';
import { getKeyRpc } from './rpc/get-key.ts';
import { getStatusRpc } from './rpc/get-status.ts';
import { getTierRpc } from './rpc/get-tier.ts';
import { grantTierRpc } from './rpc/grant-tier.ts';
import { listAdminEventsRpc } from './rpc/list-admin-events.ts';
import { listConsumersRpc } from './rpc/list-consumers.ts';
import { listKeysRpc } from './rpc/list-keys.ts';
import { listTiersRpc } from './rpc/list-tiers.ts';
import { listUsageEventsRpc } from './rpc/list-usage-events.ts';
import { resetKeyUsageRpc } from './rpc/reset-key-usage.ts';
import { revokeGrantRpc } from './rpc/revoke-grant.ts';
import { updateConsumerRpc } from './rpc/update-consumer.ts';
import { updateKeyRpc } from './rpc/update-key.ts';
import { updateTierRpc } from './rpc/update-tier.ts';
import { whoAmIRpc } from './rpc/who-am-i.ts';

/** The three services of keypool.v1 over a context, each RPC in its own file under `rpc/`. */
export function createRoutes(context: Context): (router: ConnectRouter) => void {
  return (router) => {
    router.service(KeyPoolService, {
      drawKey: drawKeyRpc(context),
      getAvailability: getAvailabilityRpc(context),
    });
    router.service(AuthService, { whoAmI: whoAmIRpc(context) });
    router.service(AdminService, {
      createTier: createTierRpc(context),
      getTier: getTierRpc(context),
      listTiers: listTiersRpc(context),
      updateTier: updateTierRpc(context),
      deleteTier: deleteTierRpc(context),
      createKey: createKeyRpc(context),
      batchCreateKeys: batchCreateKeysRpc(context),
      getKey: getKeyRpc(context),
      listKeys: listKeysRpc(context),
      updateKey: updateKeyRpc(context),
      deleteKey: deleteKeyRpc(context),
      resetKeyUsage: resetKeyUsageRpc(context),
      createConsumer: createConsumerRpc(context),
      getConsumer: getConsumerRpc(context),
      listConsumers: listConsumersRpc(context),
      updateConsumer: updateConsumerRpc(context),
      deleteConsumer: deleteConsumerRpc(context),
      grantTier: grantTierRpc(context),
      revokeGrant: revokeGrantRpc(context),
      listUsageEvents: listUsageEventsRpc(context),
      listAdminEvents: listAdminEventsRpc(context),
      getStatus: getStatusRpc(context),
    });
  };
}
