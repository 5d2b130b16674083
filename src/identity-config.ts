import { z } from 'zod';
import { duration, wholeNumber } from './config-values.ts';
import type { JwtSettings } from './domain/access-tokens.ts';
import { CelFailure, compileCel } from './identity/cel-expression.ts';
import type { IntrospectionEndpoint } from './identity/introspection-client.ts';
import type { RuleTexts } from './identity/subject-rules.ts';
import type { IDENTITY_VARIABLES } from './identity-variables.ts';
import { hasControlCharacter } from './model/control-character.ts';

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;
/** How long an authorization server may take for its answer. */
const INTROSPECTION_TIMEOUT_MS = 5000;

/** Text without control characters. */
function text(min: number, max: number) {
  const length = new RegExp(`^.{${min},${max}}$`, 'su');
  return z.string().refine((value) => length.test(value) && !hasControlCharacter(value), {
    error: `must have ${min} to ${max} characters, none of which is a control character`,
  });
}

/** Where nobody listens in: credentials go there, in a header. */
const introspectionUrl = z.string().refine(
  (value) => {
    if (!URL.canParse(value)) return false;
    const { protocol, username, password, hash } = new URL(value);
    return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
  },
  { error: 'must be an http or https URL without user, password and fragment; name those in AUTH_CLIENT_…' },
);

const cel = z.string().superRefine((value, refinement) => {
  try {
    compileCel(value);
  } catch (error) {
    if (!(error instanceof CelFailure)) throw error;
    // Of the place only: the message would repeat a piece of the text.
    const place = /<input>:(\d+:\d+)/.exec(error.message)?.[1];
    const where = place === undefined ? '' : `; see line and column ${place}`;
    refinement.addIssue({
      code: 'custom',
      message: `must be an expression in CEL over the variable claims, of functions that CEL has${where}`,
    });
  }
});

export const identityValues = {
  JWT_TTL: duration.refine((ms) => ms >= SECOND_MS, { error: 'must be at least 1s' }),
  JWT_ISSUER: text(1, 255),
  JWT_AUDIENCE: text(1, 255),
  JWT_KEY_ROTATION_DAYS: wholeNumber(1, 3650),
  AUTH_TOKEN_INTROSPECTION_URL: introspectionUrl.optional(),
  AUTH_CLIENT_ID: text(1, 255).optional(),
  AUTH_CLIENT_SECRET: text(1, 1024).optional(),
  AUTH_TOKEN_VALIDATION_CEL: cel.optional(),
  AUTH_TOKEN_TIERS_CEL: cel.optional(),
  AUTH_TOKEN_EXTRA_FIELDS_CEL: cel.optional(),
  AUTH_TOKEN_CACHE_SALT: text(16, 255).optional(),
  AUTH_TOKEN_CACHE_L1_TTL: duration,
  AUTH_TOKEN_CACHE_L1_MAX_SIZE: wholeNumber(1, 1_000_000),
  AUTH_TOKEN_CACHE_L2_TTL: duration,
} satisfies Record<keyof typeof IDENTITY_VARIABLES, z.ZodType>;

type Values = z.output<z.ZodObject<typeof identityValues>>;

/** How tokens of another server are introspected. */
export interface IntrospectionConfig {
  readonly endpoint: IntrospectionEndpoint;
  readonly rules: RuleTexts;
  /** Null: one made of what is kept in the store. */
  readonly salt: string | null;
  readonly l1TtlMs: number;
  readonly l1SizeMax: number;
  readonly l2TtlMs: number;
}

export function jwtSettingsOf(values: Values): JwtSettings {
  return {
    issuer: values.JWT_ISSUER,
    audience: values.JWT_AUDIENCE,
    ttlMs: values.JWT_TTL,
    rotationMs: values.JWT_KEY_ROTATION_DAYS * DAY_MS,
  };
}

/** Null where no other server is asked. */
export function introspectionOf(values: Values): IntrospectionConfig | null {
  const { AUTH_TOKEN_INTROSPECTION_URL: url } = values;
  if (url === undefined) return null;
  return {
    endpoint: {
      url,
      clientId: values.AUTH_CLIENT_ID ?? '',
      clientSecret: values.AUTH_CLIENT_SECRET ?? '',
      timeoutMs: INTROSPECTION_TIMEOUT_MS,
    },
    rules: {
      validation: values.AUTH_TOKEN_VALIDATION_CEL ?? null,
      extraFields: values.AUTH_TOKEN_EXTRA_FIELDS_CEL ?? null,
      tiers: values.AUTH_TOKEN_TIERS_CEL ?? null,
    },
    salt: values.AUTH_TOKEN_CACHE_SALT ?? null,
    l1TtlMs: values.AUTH_TOKEN_CACHE_L1_TTL,
    l1SizeMax: values.AUTH_TOKEN_CACHE_L1_MAX_SIZE,
    l2TtlMs: values.AUTH_TOKEN_CACHE_L2_TTL,
  };
}

/** What single variables cannot tell. */
export function identityMistakes(given: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (given.AUTH_TOKEN_INTROSPECTION_URL === undefined) return [];
  return ['AUTH_CLIENT_ID', 'AUTH_CLIENT_SECRET']
    .filter((name) => given[name] === undefined)
    .map((name) => `${name}: is required together with AUTH_TOKEN_INTROSPECTION_URL`);
}
