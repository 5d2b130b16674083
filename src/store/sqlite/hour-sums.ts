/**
 * Whose sums a row of `usage_hours` is of, as a number in `axis`. Of all features together, and of the feature "" for what
 * is no draw, are the sums of all there is.
 */
export const AXIS = { feature: 1, consumer: 2, key: 3 } as const;

/** How a row of `usage_hours` takes in another of the same hour and subject. */
export const ADD_TO_HOUR = `ON CONFLICT DO UPDATE SET
  requests = requests + excluded.requests, draws = draws + excluded.draws,
  verifications = verifications + excluded.verifications, recorded = recorded + excluded.recorded,
  units = units + excluded.units, errors = errors + excluded.errors,
  last_at = max(last_at, excluded.last_at), capped = max(capped, excluded.capped)`;
