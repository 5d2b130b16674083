import type { Alert, Finding } from '../model/alert.ts';
import { setBounded } from '../model/bounded-map.ts';
import type { Store } from '../store/port.ts';
import type { DomainLog } from './context.ts';

/** Puts findings on record. */
export interface AlertRecord {
  readonly raise: (finding: Finding) => Promise<void>;
  readonly close: (alert: Alert) => Promise<void>;
}

export interface AlertRecordParts {
  readonly store: Pick<Store, 'raiseAlert' | 'closeAlert'>;
  readonly newId: () => string;
  readonly log: DomainLog;
  /** Called when there is something to deliver. */
  readonly raised: () => void;
}

/** Findings known to be on record for good; where there are more, the store is asked again about some. */
const KNOWN_MAX = 20_000;

/** A budget is told of once in each of its windows; the rest each time that it comes to be so. */
function isRepeatable({ kind }: Pick<Finding, 'kind'>): boolean {
  return kind === 'pool_low' || kind === 'key_quarantined';
}

export function createAlertRecord({ store, newId, log, raised }: AlertRecordParts): AlertRecord {
  const known = new Map<string, true>();
  const fieldsOf = ({ kind, tierId, feature, keyId, groupId }: Finding) => ({
    alert_kind: kind,
    tier_id: tierId,
    feature,
    key_id: keyId,
    quota_group_id: groupId,
  });
  return {
    raise: async (finding) => {
      const { occurrence } = finding;
      if (known.has(occurrence)) return;
      const isNew = await store.raiseAlert(newId(), finding);
      if (!isRepeatable(finding)) setBounded(known, KNOWN_MAX, occurrence, true);
      if (!isNew) return;
      log.warn(fieldsOf(finding), 'an alert was raised');
      raised();
    },
    close: async (alert) => {
      if (await store.closeAlert(alert.id, isRepeatable(alert)))
        log.info(fieldsOf(alert), 'an alert is over');
    },
  };
}
