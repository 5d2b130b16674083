/** Variables about credits; see `config-variables.ts`. */
export const CREDIT_VARIABLES = {
  CREDITS_PER_MINUTE: {
    default: null,
    meaning:
      'credits that a caller has in any minute, 1 to 1,000,000,000, unless it has a number of its own; unset: only those are limited',
  },
  CREDIT_COSTS: {
    default: '*=1',
    meaning:
      'credits that calls cost, 0 to 1,000,000, such as `DrawKey=1,ListUsageEvents=10,*=1`; `*` stands for all others',
  },
  CREDITS_WHEN_STORE_DOWN: {
    default: 'local',
    meaning:
      'what becomes of calls that cost credits while the store is out of reach: `refuse`, or `local`, counted by each process for its share of the limit',
  },
} as const;
