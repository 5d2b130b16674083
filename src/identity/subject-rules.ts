import type { DomainLog } from '../domain/context.ts';
import type { SubjectIdentity } from '../domain/identity.ts';
import type { JsonValue } from '../model/json.ts';
import { type CelExpression, CelFailure, compileCel } from './cel-expression.ts';
import { type Claims, readClaims } from './claims.ts';

/** What the operator says about tokens of another server, as CEL over `claims`; null for nothing. */
export interface RuleTexts {
  /** Must be exactly true. */
  readonly validation: string | null;
  /** A map that is added to the identity and its log lines. */
  readonly extraFields: string | null;
  /** The ids of the tiers that the subject may draw from. */
  readonly tiers: string | null;
}

export interface SubjectRules {
  /** The subject of an active token, at `now` (ms); null when the token does not pass. */
  readonly subjectOf: (claims: Claims, now: number) => SubjectIdentity | 'not_yet' | null;
}

const TIERS_MAX = 100;
const TIER_ID = /^[a-z0-9_-]{1,63}$/;
const EXTRA_LENGTH_MAX = 4096;

function asTiers(value: JsonValue): readonly string[] {
  const isTier = (id: JsonValue): id is string => typeof id === 'string' && TIER_ID.test(id);
  if (Array.isArray(value) && value.length <= TIERS_MAX && value.every(isTier)) return [...new Set(value)];
  throw new CelFailure(`is no list of at most ${TIERS_MAX} ids of tiers`);
}

/** Whether all texts in a value can be encoded as UTF-8. */
function isWellFormed(value: JsonValue): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, part]) => name.isWellFormed() && isWellFormed(part));
}

function asExtra(value: JsonValue): SubjectIdentity['extra'] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isMap && JSON.stringify(value).length <= EXTRA_LENGTH_MAX && isWellFormed(value)) return value;
  throw new CelFailure(`is no map, or longer than ${EXTRA_LENGTH_MAX} characters as JSON`);
}

/** Errors: {@link CelFailure} when a text cannot be compiled. */
export function createSubjectRules(texts: RuleTexts, log: DomainLog): SubjectRules {
  const compiled = (text: string | null): CelExpression | null => (text === null ? null : compileCel(text));
  const validation = compiled(texts.validation);
  const extraFields = compiled(texts.extraFields);
  const tiers = compiled(texts.tiers);

  /** The value of one rule. Which rule failed is for the log; the caller only hears that its token does not pass. */
  function evaluated<T>(
    name: string,
    rule: CelExpression | null,
    claims: Claims,
    read: (value: JsonValue) => T,
  ) {
    if (rule === null) return undefined;
    try {
      return read(rule.evaluate(claims));
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
      log.warn({ rule: name, problem: error.message }, 'a rule has no value for a token: it is refused');
      return null;
    }
  }

  return {
    subjectOf: (claims, now) => {
      const read = readClaims(claims);
      if (typeof read === 'string') {
        log.warn(
          { claim: read },
          'the authorization server gave a claim that cannot be read: a token is refused',
        );
        return null;
      }
      const { notBefore, ...subject } = read;
      if (subject.expireAt !== null && subject.expireAt <= now) return null;
      if (notBefore !== null && notBefore > now) return 'not_yet';
      const passes = evaluated('AUTH_TOKEN_VALIDATION_CEL', validation, claims, (value) => value === true);
      if (passes !== undefined && passes !== true) return null;
      const extra = evaluated('AUTH_TOKEN_EXTRA_FIELDS_CEL', extraFields, claims, asExtra);
      const granted = evaluated('AUTH_TOKEN_TIERS_CEL', tiers, claims, asTiers);
      if (extra === null || granted === null) return null;
      return { kind: 'subject', ...subject, tiers: granted ?? [], extra: extra ?? {} };
    },
  };
}
