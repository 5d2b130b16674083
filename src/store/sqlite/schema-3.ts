/** How the keys of a tier are chosen and treated. */
const TIERS = `
ALTER TABLE tiers ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
`;

/** The third schema: what a pool does with what upstreams say. */
export const SCHEMA_3 = TIERS;
