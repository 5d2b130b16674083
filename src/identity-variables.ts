/** Variables about JWTs and tokens of other servers; see `config-variables.ts`. */
export const IDENTITY_VARIABLES = {
  JWT_TTL: { default: '1h', meaning: 'how long a JWT from ExchangeToken is accepted, 1 s to 24 h' },
  JWT_ISSUER: {
    default: 'keypool',
    meaning: '`iss` of those JWTs, such as the URL of this service; only JWTs with it are taken for its own',
  },
  JWT_AUDIENCE: { default: 'keypool', meaning: '`aud` of those JWTs; others are refused' },
  JWT_KEY_ROTATION_DAYS: {
    default: '30',
    meaning:
      'how many days a key signs JWTs; the next one is published up to a day before. `RotateSigningKey` makes one at once',
  },
  AUTH_TOKEN_INTROSPECTION_URL: {
    default: null,
    meaning: 'where tokens of another server are introspected (RFC 7662); unset: none is accepted',
  },
  AUTH_CLIENT_ID: { default: null, meaning: 'who this service is there (HTTP basic)' },
  AUTH_CLIENT_SECRET: { default: null, meaning: 'and its secret' },
  AUTH_TOKEN_VALIDATION_CEL: {
    default: null,
    meaning:
      "CEL over `claims` that must be exactly true, such as `claims.aud == 'keypool'`; unset: every active token passes",
  },
  AUTH_TOKEN_TIERS_CEL: {
    default: null,
    meaning: 'CEL that gives the ids of the tiers such a caller may draw from, as a list; unset: none',
  },
  AUTH_TOKEN_EXTRA_FIELDS_CEL: {
    default: null,
    meaning: 'CEL that gives a map to add to the identity and its log lines',
  },
  AUTH_TOKEN_CACHE_SALT: {
    default: null,
    meaning:
      'goes into the hashes under which tokens are remembered, 16 characters or more, the same in every process; unset: one made of a secret in the store',
  },
  AUTH_TOKEN_CACHE_L1_TTL: { default: '60s', meaning: 'how long an answer is believed in memory' },
  AUTH_TOKEN_CACHE_L1_MAX_SIZE: { default: '1000', meaning: 'how many tokens are remembered there' },
  AUTH_TOKEN_CACHE_L2_TTL: { default: '300s', meaning: 'how long an answer is believed in the store' },
} as const;
