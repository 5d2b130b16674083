/** Axes of the sums. Draws of all features and, as of the feature "", all other events together are all there is. */
const AXES = { feature: 1, consumer: 2, key: 3 } as const;

/** Sums up the draws that are there already. */
function sumOfDraws(axis: keyof typeof AXES): string {
  return `
INSERT INTO usage_hours
  SELECT at / 3600000, ${AXES[axis]}, ${axis}, count(*), count(*), 0, 0, sum(units), 0, max(at), 0
  FROM usage_events GROUP BY at / 3600000, ${axis};`;
}

/**
 * Usage events of all kinds, and their sums. Events that are no draws have a row in `usage_records` too. Sums are kept by
 * `hour` (ms since 1970 / 3,600,000), so that those of one hour lie together, and follow the events in parts, each up to
 * its `usage_summed.seq` (see usage-sums.ts).
 */
export const USAGE = `
CREATE TABLE usage_records (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, once TEXT, resource TEXT, endpoint TEXT, status_code INTEGER,
  outcome TEXT
);
CREATE UNIQUE INDEX usage_records_once ON usage_records (once) WHERE once IS NOT NULL;
CREATE TRIGGER usage_record_gone AFTER DELETE ON usage_events BEGIN
  DELETE FROM usage_records WHERE seq = old.seq;
END;

CREATE TABLE usage_hours (
  hour INTEGER, axis INTEGER, subject INTEGER, requests INTEGER NOT NULL, draws INTEGER NOT NULL,
  verifications INTEGER NOT NULL, recorded INTEGER NOT NULL, units INTEGER NOT NULL, errors INTEGER NOT NULL,
  last_at INTEGER NOT NULL, capped INTEGER NOT NULL, PRIMARY KEY (hour, axis, subject)
) WITHOUT ROWID;
CREATE TABLE usage_cells (
  hour INTEGER, axis INTEGER, subject INTEGER, resource TEXT, endpoint TEXT, status_code INTEGER, outcome TEXT,
  events INTEGER NOT NULL, units INTEGER NOT NULL,
  PRIMARY KEY (hour, axis, subject, resource, endpoint, status_code, outcome)
) WITHOUT ROWID;
CREATE TABLE usage_summed (part INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
${sumOfDraws('feature')}
${sumOfDraws('consumer')}
${sumOfDraws('key')}
INSERT INTO usage_summed
  WITH RECURSIVE parts (part) AS (SELECT 0 UNION ALL SELECT part + 1 FROM parts WHERE part < 34)
  SELECT part, (SELECT coalesce(max(seq), 0) FROM usage_events) FROM parts;
`;
