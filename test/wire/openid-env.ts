import type { OpenIdProvider } from '../support/openid-provider.ts';

/** The variables of a service that asks this provider about tokens. */
export function envOf(provider: OpenIdProvider): Record<string, string> {
  return {
    AUTH_TOKEN_INTROSPECTION_URL: provider.introspectionUrl,
    AUTH_CLIENT_ID: provider.clientId,
    AUTH_CLIENT_SECRET: provider.clientSecret,
    AUTH_TOKEN_VALIDATION_CEL: "claims.aud == 'keypool'",
    AUTH_TOKEN_TIERS_CEL: 'has(claims.plan) ? [claims.plan] : []',
    AUTH_TOKEN_EXTRA_FIELDS_CEL: "{'org': claims.org}",
  };
}
