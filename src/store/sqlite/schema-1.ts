/**
 * The first schema. Strings that repeat (ids, features, queues) stand once in `names` and elsewhere as its numbers; keys
 * have numbers of their own, never given twice. What every draw rewrites (`key_states`, `places`) is apart from what
 * only edits touch. A usage event is written to one narrow table; the `usage_by_*` tables, which listing needs, follow
 * in batches up to `usage_indexed.seq` (see usage-index.ts).
 */
export const SCHEMA_1 = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (no INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE tiers (
  id TEXT PRIMARY KEY, description TEXT NOT NULL, features TEXT NOT NULL, revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE keys (
  no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tier INTEGER NOT NULL, fingerprint TEXT NOT NULL,
  name TEXT NOT NULL, value_hint TEXT NOT NULL, value TEXT NOT NULL, secrets TEXT NOT NULL, metadata TEXT NOT NULL,
  state TEXT NOT NULL, state_reason TEXT NOT NULL, sweep_at INTEGER, placed INTEGER NOT NULL,
  version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX keys_by_fingerprint ON keys (tier, fingerprint);
CREATE INDEX keys_by_placed ON keys (tier, placed);
CREATE INDEX keys_by_tier ON keys (tier, id);
CREATE INDEX keys_by_tier_state ON keys (tier, state, id);
CREATE INDEX keys_by_state ON keys (state, id);
CREATE INDEX keys_to_sweep ON keys (sweep_at) WHERE sweep_at IS NOT NULL;
CREATE TABLE deleted_keys (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);

CREATE TABLE key_states (no INTEGER PRIMARY KEY, hot TEXT NOT NULL, open_end INTEGER, out_expired INTEGER);
CREATE INDEX key_states_open ON key_states (open_end) WHERE open_end IS NOT NULL;
CREATE INDEX key_states_out_expired ON key_states (out_expired) WHERE out_expired IS NOT NULL;

CREATE TABLE places (
  queue INTEGER NOT NULL, parked INTEGER NOT NULL, position INTEGER NOT NULL, key INTEGER NOT NULL,
  last_rank INTEGER NOT NULL, expire_at INTEGER, PRIMARY KEY (queue, parked, position, key)
) WITHOUT ROWID;

CREATE TABLE consumers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, owner TEXT NOT NULL, environment TEXT NOT NULL,
  scopes TEXT NOT NULL, allowed_ips TEXT NOT NULL, credits_per_minute INTEGER, state TEXT NOT NULL,
  expire_at INTEGER, token_hash TEXT NOT NULL UNIQUE, last_used_at INTEGER, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX consumers_by_owner ON consumers (owner, id);
CREATE TABLE grants (
  consumer TEXT NOT NULL, position INTEGER NOT NULL, tier TEXT NOT NULL, PRIMARY KEY (consumer, position)
) WITHOUT ROWID;
CREATE INDEX grants_by_tier ON grants (tier);

CREATE TABLE usage_events (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, consumer INTEGER NOT NULL, key INTEGER NOT NULL,
  tier INTEGER NOT NULL, feature INTEGER NOT NULL, units INTEGER NOT NULL, take TEXT NOT NULL,
  serial INTEGER NOT NULL, request_id TEXT NOT NULL, peer_address TEXT NOT NULL, withheld INTEGER NOT NULL
);
CREATE TABLE usage_indexed (seq INTEGER NOT NULL);
INSERT INTO usage_indexed VALUES (0);
CREATE TABLE usage_by_time (at INTEGER, seq INTEGER, PRIMARY KEY (at, seq)) WITHOUT ROWID;
CREATE TABLE usage_by_consumer (
  consumer INTEGER, at INTEGER, seq INTEGER, PRIMARY KEY (consumer, at, seq)
) WITHOUT ROWID;
CREATE TABLE usage_by_key (key INTEGER, at INTEGER, seq INTEGER, PRIMARY KEY (key, at, seq)) WITHOUT ROWID;
CREATE TABLE usage_by_feature (
  feature INTEGER, at INTEGER, seq INTEGER, PRIMARY KEY (feature, at, seq)
) WITHOUT ROWID;
CREATE TABLE usage_by_take (take TEXT, serial INTEGER, seq INTEGER, PRIMARY KEY (take, serial)) WITHOUT ROWID;
CREATE TRIGGER usage_event_gone AFTER DELETE ON usage_events BEGIN
  DELETE FROM usage_by_time WHERE at = old.at AND seq = old.seq;
  DELETE FROM usage_by_consumer WHERE consumer = old.consumer AND at = old.at AND seq = old.seq;
  DELETE FROM usage_by_key WHERE key = old.key AND at = old.at AND seq = old.seq;
  DELETE FROM usage_by_feature WHERE feature = old.feature AND at = old.at AND seq = old.seq;
  DELETE FROM usage_by_take WHERE take = old.take AND serial = old.serial;
END;

CREATE TABLE requests (
  event INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, draw_id TEXT NOT NULL,
  drawn_at INTEGER NOT NULL, key INTEGER NOT NULL, run TEXT NOT NULL, leave_by REAL NOT NULL, expire_at INTEGER NOT NULL
);
CREATE INDEX requests_by_expiry ON requests (expire_at);

CREATE TABLE admin_events (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, actor_name TEXT,
  action TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, changes TEXT NOT NULL,
  request_id TEXT NOT NULL, peer_address TEXT NOT NULL
);
CREATE INDEX admin_events_by_time ON admin_events (at);
CREATE INDEX admin_events_by_resource ON admin_events (resource_type, resource_id, at);
CREATE INDEX admin_events_by_actor ON admin_events (actor, at);

CREATE TABLE jobs (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL, tier TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
  done INTEGER NOT NULL, total INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  turn INTEGER NOT NULL
);
`;
