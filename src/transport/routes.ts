import type { ConnectRouter } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import type { Context } from '../domain/context.ts';
import { allowSubjectRpc } from './rpc/allow-subject.ts';
import { batchCreateKeysRpc } from './rpc/batch-create-keys.ts';
import { batchRecordUsageRpc } from './rpc/batch-record-usage.ts';
import { batchReportOutcomesRpc } from './rpc/batch-report-outcomes.ts';
import { batchUpdateKeysRpc } from './rpc/batch-update-keys.ts';
import { createConsumerRpc } from './rpc/create-consumer.ts';
import { createKeyRpc } from './rpc/create-key.ts';
import { createQuotaGroupRpc } from './rpc/create-quota-group.ts';
import { createTierRpc } from './rpc/create-tier.ts';
import { createWebhookRpc } from './rpc/create-webhook.ts';
import { deleteConsumerRpc } from './rpc/delete-consumer.ts';
import { deleteKeyRpc } from './rpc/delete-key.ts';
import { deleteOwnerCreditsRpc } from './rpc/delete-owner-credits.ts';
import { deleteQuotaGroupRpc } from './rpc/delete-quota-group.ts';
import { deleteTierRpc } from './rpc/delete-tier.ts';
import { deleteWebhookRpc } from './rpc/delete-webhook.ts';
import { denySubjectRpc } from './rpc/deny-subject.ts';
import { drawKeyRpc } from './rpc/draw-key.ts';
import { exchangeTokenRpc } from './rpc/exchange-token.ts';
import { getAvailabilityRpc } from './rpc/get-availability.ts';
import { getConsumerRpc } from './rpc/get-consumer.ts';
import { getKeyRpc } from './rpc/get-key.ts';
import { getQuotaGroupRpc } from './rpc/get-quota-group.ts';
import { getStatusRpc } from './rpc/get-status.ts';
import { getTierRpc } from './rpc/get-tier.ts';
import { getUsageSummaryRpc } from './rpc/get-usage-summary.ts';
import { getWebhookRpc } from './rpc/get-webhook.ts';
import { grantTierRpc } from './rpc/grant-tier.ts';
import { importKeysRpc } from './rpc/import-keys.ts';
import { listAdminEventsRpc } from './rpc/list-admin-events.ts';
import { listAlertsRpc } from './rpc/list-alerts.ts';
import { listConsumersRpc } from './rpc/list-consumers.ts';
import { listDeniedSubjectsRpc } from './rpc/list-denied-subjects.ts';
import { listKeysRpc } from './rpc/list-keys.ts';
import { listOwnerCreditsRpc } from './rpc/list-owner-credits.ts';
import { listQuotaGroupsRpc } from './rpc/list-quota-groups.ts';
import { listTiersRpc } from './rpc/list-tiers.ts';
import { listUsageEventsRpc } from './rpc/list-usage-events.ts';
import { listWebhooksRpc } from './rpc/list-webhooks.ts';
import { regenerateTokenRpc } from './rpc/regenerate-token.ts';
import { reportOutcomeRpc } from './rpc/report-outcome.ts';
import { resealKeysRpc } from './rpc/reseal-keys.ts';
import { resetKeyUsageRpc } from './rpc/reset-key-usage.ts';
import { revokeConsumerRpc } from './rpc/revoke-consumer.ts';
import { revokeGrantRpc } from './rpc/revoke-grant.ts';
import { rotateSigningKeyRpc } from './rpc/rotate-signing-key.ts';
import { setOwnerCreditsRpc } from './rpc/set-owner-credits.ts';
import { testWebhookRpc } from './rpc/test-webhook.ts';
import { trialKeyRpc } from './rpc/trial-key.ts';
import { type UnaryRpc, unaryRpc } from './rpc/unary-rpc.ts';
import { updateConsumerRpc } from './rpc/update-consumer.ts';
import { updateKeyRpc } from './rpc/update-key.ts';
import { updateQuotaGroupRpc } from './rpc/update-quota-group.ts';
import { updateTierRpc } from './rpc/update-tier.ts';
import { updateWebhookRpc } from './rpc/update-webhook.ts';
import { verifyTokenRpc } from './rpc/verify-token.ts';
import { watchAvailabilityRpc } from './rpc/watch-availability.ts';
import { whoAmIRpc } from './rpc/who-am-i.ts';

/** All RPCs of keypool.v1 over a context, each in its own file under `rpc/`. */
export function createRpcs(context: Context): readonly UnaryRpc[] {
  return [
    unaryRpc(KeyPoolService.method.drawKey, drawKeyRpc(context)),
    unaryRpc(KeyPoolService.method.getAvailability, getAvailabilityRpc(context)),
    unaryRpc(KeyPoolService.method.reportOutcome, reportOutcomeRpc(context)),
    unaryRpc(KeyPoolService.method.batchReportOutcomes, batchReportOutcomesRpc(context)),
    unaryRpc(AuthService.method.whoAmI, whoAmIRpc(context)),
    unaryRpc(AuthService.method.exchangeToken, exchangeTokenRpc(context)),
    unaryRpc(AuthService.method.verifyToken, verifyTokenRpc(context)),
    unaryRpc(AuthService.method.batchRecordUsage, batchRecordUsageRpc(context)),
    unaryRpc(AdminService.method.createTier, createTierRpc(context)),
    unaryRpc(AdminService.method.getTier, getTierRpc(context)),
    unaryRpc(AdminService.method.listTiers, listTiersRpc(context)),
    unaryRpc(AdminService.method.updateTier, updateTierRpc(context)),
    unaryRpc(AdminService.method.deleteTier, deleteTierRpc(context)),
    unaryRpc(AdminService.method.createKey, createKeyRpc(context)),
    unaryRpc(AdminService.method.batchCreateKeys, batchCreateKeysRpc(context)),
    unaryRpc(AdminService.method.getKey, getKeyRpc(context)),
    unaryRpc(AdminService.method.listKeys, listKeysRpc(context)),
    unaryRpc(AdminService.method.updateKey, updateKeyRpc(context)),
    unaryRpc(AdminService.method.batchUpdateKeys, batchUpdateKeysRpc(context)),
    unaryRpc(AdminService.method.importKeys, importKeysRpc(context)),
    unaryRpc(AdminService.method.deleteKey, deleteKeyRpc(context)),
    unaryRpc(AdminService.method.resetKeyUsage, resetKeyUsageRpc(context)),
    unaryRpc(AdminService.method.resealKeys, resealKeysRpc(context)),
    unaryRpc(AdminService.method.rotateSigningKey, rotateSigningKeyRpc(context)),
    unaryRpc(AdminService.method.trialKey, trialKeyRpc(context)),
    unaryRpc(AdminService.method.createQuotaGroup, createQuotaGroupRpc(context)),
    unaryRpc(AdminService.method.getQuotaGroup, getQuotaGroupRpc(context)),
    unaryRpc(AdminService.method.listQuotaGroups, listQuotaGroupsRpc(context)),
    unaryRpc(AdminService.method.updateQuotaGroup, updateQuotaGroupRpc(context)),
    unaryRpc(AdminService.method.deleteQuotaGroup, deleteQuotaGroupRpc(context)),
    unaryRpc(AdminService.method.createConsumer, createConsumerRpc(context)),
    unaryRpc(AdminService.method.getConsumer, getConsumerRpc(context)),
    unaryRpc(AdminService.method.listConsumers, listConsumersRpc(context)),
    unaryRpc(AdminService.method.updateConsumer, updateConsumerRpc(context)),
    unaryRpc(AdminService.method.deleteConsumer, deleteConsumerRpc(context)),
    unaryRpc(AdminService.method.regenerateToken, regenerateTokenRpc(context)),
    unaryRpc(AdminService.method.revokeConsumer, revokeConsumerRpc(context)),
    unaryRpc(AdminService.method.grantTier, grantTierRpc(context)),
    unaryRpc(AdminService.method.revokeGrant, revokeGrantRpc(context)),
    unaryRpc(AdminService.method.denySubject, denySubjectRpc(context)),
    unaryRpc(AdminService.method.allowSubject, allowSubjectRpc(context)),
    unaryRpc(AdminService.method.listDeniedSubjects, listDeniedSubjectsRpc(context)),
    unaryRpc(AdminService.method.setOwnerCredits, setOwnerCreditsRpc(context)),
    unaryRpc(AdminService.method.deleteOwnerCredits, deleteOwnerCreditsRpc(context)),
    unaryRpc(AdminService.method.listOwnerCredits, listOwnerCreditsRpc(context)),
    unaryRpc(AdminService.method.listUsageEvents, listUsageEventsRpc(context)),
    unaryRpc(AdminService.method.getUsageSummary, getUsageSummaryRpc(context)),
    unaryRpc(AdminService.method.listAdminEvents, listAdminEventsRpc(context)),
    unaryRpc(AdminService.method.createWebhook, createWebhookRpc(context)),
    unaryRpc(AdminService.method.getWebhook, getWebhookRpc(context)),
    unaryRpc(AdminService.method.listWebhooks, listWebhooksRpc(context)),
    unaryRpc(AdminService.method.updateWebhook, updateWebhookRpc(context)),
    unaryRpc(AdminService.method.deleteWebhook, deleteWebhookRpc(context)),
    unaryRpc(AdminService.method.testWebhook, testWebhookRpc(context)),
    unaryRpc(AdminService.method.listAlerts, listAlertsRpc(context)),
    unaryRpc(AdminService.method.getStatus, getStatusRpc(context)),
  ];
}

/** RPCs as the library serves them. */
export function routesOf(rpcs: readonly UnaryRpc[]): (router: ConnectRouter) => void {
  return (router) => {
    for (const { method, serve } of rpcs) router.rpc(method, serve);
  };
}

/** The RPCs of keypool.v1 that answer with a stream. */
export function streamRoutes(context: Context): (router: ConnectRouter) => void {
  return (router) => {
    router.rpc(KeyPoolService.method.watchAvailability, watchAvailabilityRpc(context));
  };
}

/** The three services of keypool.v1 over a context. */
export function createRoutes(context: Context): (router: ConnectRouter) => void {
  const unary = routesOf(createRpcs(context));
  const streams = streamRoutes(context);
  return (router) => {
    unary(router);
    streams(router);
  };
}
