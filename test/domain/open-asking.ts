import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { authenticate } from '../../src/domain/authenticate.ts';
import { type CreditSettings, DEFAULT_CREDIT_SETTINGS } from '../../src/domain/credit-settings.ts';
import type { ForeignTokenSettings } from '../../src/domain/foreign-tokens.ts';
import type { SubjectIdentity } from '../../src/domain/identity.ts';
import { type Domain, openDomain } from './open-domain.ts';

export const L1_TTL_MS = 60_000;
export const L2_TTL_MS = 300_000;

/** What an authorization server says of a token: whom it stands for, that it is no good, or that it cannot tell. */
export type Answer = SubjectIdentity | 'not_yet' | null | Error;

export function subjectOf(subject: string, parts: Partial<SubjectIdentity> = {}): SubjectIdentity {
  const nothing = { scopes: [], creditsPerMinute: null, extra: {}, expireAt: null };
  return { kind: 'subject', subject, tiers: [], ...nothing, ...parts };
}

export interface AskingDomain extends Domain {
  /** What the server says from now on, by token. */
  readonly answers: Map<string, Answer | Promise<Answer>>;
  /** The tokens it was asked about. */
  readonly asked: readonly string[];
  readonly enter: (token: string) => Promise<SubjectIdentity>;
}

/** A domain that asks another server about tokens, which says what the test wants it to. */
export async function openAsking(
  t: TestContext,
  parts: Partial<ForeignTokenSettings> = {},
  credits: CreditSettings = DEFAULT_CREDIT_SETTINGS,
): Promise<AskingDomain> {
  const answers = new Map<string, Answer | Promise<Answer>>();
  const asked: string[] = [];
  const introspect = async (token: string) => {
    asked.push(token);
    const answer = (await answers.get(token)) ?? null;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const sizes = { l1TtlMs: L1_TTL_MS, l1SizeMax: 10, l2TtlMs: L2_TTL_MS };
  const foreignTokens = { introspect, salt: 'salt', ...sizes, ...parts };
  const domain = await openDomain(t, { foreignTokens, credits });
  const enter = async (token: string) => {
    const identity = await authenticate(domain.context, { token, peerAddress: '192.0.2.1' });
    assert.equal(identity.kind, 'subject');
    return identity;
  };
  return { ...domain, answers, asked, enter };
}
