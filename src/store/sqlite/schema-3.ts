import { ALERTS } from './schema-3-alerts.ts';

/** How the keys of a tier are chosen and treated. */
const TIERS = `
ALTER TABLE tiers ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
`;

/** Keys whose health can be listed: numbers of keys. */
const UNWELL = `
CREATE TABLE unwell_keys (key INTEGER PRIMARY KEY);
`;

/** Which key the draws of an affinity go to, by the key's number. */
const AFFINITIES = `
CREATE TABLE affinities (
  affinity TEXT PRIMARY KEY, tier TEXT NOT NULL, key INTEGER NOT NULL, expire_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX affinities_by_expiry ON affinities (expire_at);
`;

/** Keys that share one upstream account: what they share is one row, and each says which it belongs to. */
const QUOTA_GROUPS = `
CREATE TABLE quota_groups (
  id TEXT PRIMARY KEY, description TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE keys ADD COLUMN quota_group TEXT;
CREATE INDEX keys_by_quota_group ON keys (quota_group, id) WHERE quota_group IS NOT NULL;
`;

/** What became of draws: by the number of the draw's usage event, with which a report goes. */
const OUTCOME_REPORTS = `
CREATE TABLE outcome_reports (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, retry_after_ms INTEGER, status_code INTEGER,
  units INTEGER, message TEXT
);
CREATE TRIGGER outcome_report_gone AFTER DELETE ON usage_events BEGIN
  DELETE FROM outcome_reports WHERE seq = old.seq;
END;
`;

/** The third schema: what a pool does with what upstreams say. */
export const SCHEMA_3 = TIERS + UNWELL + ALERTS + AFFINITIES + QUOTA_GROUPS + OUTCOME_REPORTS;
