import type { StoreFactory } from '../support/store-harness.ts';
import { registerAdminEventTests } from './register-admin-event-tests.ts';
import { registerAffinityTests } from './register-affinity-tests.ts';
import { registerAlertTests } from './register-alert-tests.ts';
import { registerAvailabilityTests } from './register-availability-tests.ts';
import { registerBudgetTests } from './register-budget-tests.ts';
import { registerChargedRequestTests } from './register-charged-request-tests.ts';
import { registerConsumerTests } from './register-consumer-tests.ts';
import { registerCooldownTests } from './register-cooldown-tests.ts';
import { registerCreditTests } from './register-credit-tests.ts';
import { registerDenialTests } from './register-denial-tests.ts';
import { registerFreedTests } from './register-freed-tests.ts';
import { registerGroupDrawTests } from './register-group-draw-tests.ts';
import { registerHoldTests } from './register-hold-tests.ts';
import { registerInterruptedJobTests } from './register-interrupted-job-tests.ts';
import { registerJobTests } from './register-job-tests.ts';
import { registerKeptTokenTests } from './register-kept-token-tests.ts';
import { registerKeyBulkTests } from './register-key-bulk-tests.ts';
import { registerKeyMoveTests } from './register-key-move-tests.ts';
import { registerKeyStateTests } from './register-key-state-tests.ts';
import { registerKeyTests } from './register-key-tests.ts';
import { registerLimitTests } from './register-limit-tests.ts';
import { registerMaintenanceTests } from './register-maintenance-tests.ts';
import { registerOutcomeTests } from './register-outcome-tests.ts';
import { registerOwnerCreditTests } from './register-owner-credit-tests.ts';
import { registerPagingTests } from './register-paging-tests.ts';
import { registerPeriodTests } from './register-period-tests.ts';
import { registerQuotaGroupTests } from './register-quota-group-tests.ts';
import { registerRecoveryTests } from './register-recovery-tests.ts';
import { registerRequestIdTests } from './register-request-id-tests.ts';
import { registerRotationTests } from './register-rotation-tests.ts';
import { registerSealTests } from './register-seal-tests.ts';
import { registerSettlingTests } from './register-settling-tests.ts';
import { registerSigningKeyTests } from './register-signing-key-tests.ts';
import { registerStrategyTests } from './register-strategy-tests.ts';
import { registerTierTests } from './register-tier-tests.ts';
import { registerTrialTests } from './register-trial-tests.ts';
import { registerUsageEventTests } from './register-usage-event-tests.ts';
import { registerUsageRecordTests } from './register-usage-record-tests.ts';
import { registerUsageSumProperties } from './register-usage-sum-properties.ts';
import { registerUsageSummaryTests } from './register-usage-summary-tests.ts';
import { registerWebhookTests } from './register-webhook-tests.ts';

const ALL = [
  registerTierTests,
  registerSealTests,
  registerKeyTests,
  registerKeyBulkTests,
  registerKeyMoveTests,
  registerConsumerTests,
  registerAdminEventTests,
  registerSigningKeyTests,
  registerKeptTokenTests,
  registerDenialTests,
  registerCreditTests,
  registerChargedRequestTests,
  registerOwnerCreditTests,
  registerPagingTests,
  registerWebhookTests,
  registerAlertTests,
  registerMaintenanceTests,
  registerJobTests,
  registerInterruptedJobTests,
  registerAvailabilityTests,
  registerRotationTests,
  registerStrategyTests,
  registerAffinityTests,
  registerLimitTests,
  registerBudgetTests,
  registerKeyStateTests,
  registerUsageEventTests,
  registerUsageRecordTests,
  registerUsageSummaryTests,
  registerUsageSumProperties,
  registerRequestIdTests,
  registerRecoveryTests,
  registerOutcomeTests,
  registerCooldownTests,
  registerTrialTests,
  registerHoldTests,
  registerFreedTests,
  registerSettlingTests,
  registerPeriodTests,
  registerQuotaGroupTests,
  registerGroupDrawTests,
];

/** Holds a store to the whole of its port: every guarantee of `src/store/port.ts` that one process can see. */
export function registerStoreTests(name: string, makeStore: StoreFactory): void {
  for (const register of ALL) register(name, makeStore);
}
