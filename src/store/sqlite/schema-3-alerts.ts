/**
 * Alerts: `occurrence` is what makes each of them once; what a webhook is to get stands in `deliveries`. `leases` say
 * which process does what only one shall do, `watchers` which processes have budgets in view: those of earlier versions
 * are gone, so that the budgets of keys that are there are looked at once.
 */
export const ALERTS = `
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, description TEXT NOT NULL, kinds TEXT NOT NULL, secret TEXT NOT NULL,
  previous_secret TEXT, previous_until INTEGER, health TEXT NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE alerts (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, occurrence TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  state TEXT NOT NULL, tier TEXT NOT NULL, feature TEXT NOT NULL, key TEXT NOT NULL, quota_group TEXT NOT NULL,
  message TEXT NOT NULL, open_at INTEGER NOT NULL, close_at INTEGER
);
CREATE INDEX alerts_by_state ON alerts (state, id);
CREATE INDEX alerts_by_kind ON alerts (kind, id);
CREATE INDEX alerts_by_state_and_kind ON alerts (state, kind, id);
CREATE INDEX alerts_closed ON alerts (close_at) WHERE close_at IS NOT NULL;

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, webhook TEXT NOT NULL, alert TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL, created_at INTEGER NOT NULL, end_at INTEGER, problem TEXT NOT NULL,
  claimed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (next_at, webhook) WHERE state = 'pending';
CREATE INDEX deliveries_by_alert ON deliveries (alert, id);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, state);
CREATE INDEX deliveries_ended ON deliveries (end_at) WHERE end_at IS NOT NULL;

CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE watchers (id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO watchers VALUES ('earlier versions', 0);
`;
