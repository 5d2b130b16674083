import type { AlertKind } from '../model/alert.ts';
import type { Webhook } from '../model/webhook.ts';
import { checkDistinct, checkLength, must, type Violations } from './check-field.ts';
import type { Context } from './context.ts';
import { type Described, enumText, SECRET_CHANGED } from './field-changes.ts';

/** What an admin sets of a webhook. */
export interface WebhookFields {
  readonly url: string;
  readonly description: string;
  readonly kinds: readonly AlertKind[];
}

const URL_MAX = 2000;
const DESCRIPTION_MAX = 2000;
const KINDS_MAX = 16;

/** What is wrong with those of the fields that are given. */
export function checkWebhook(context: Context, fields: Partial<WebhookFields>): Violations {
  const violations: Violations = [];
  const { url, description, kinds } = fields;
  if (url !== undefined) {
    checkLength(url, URL_MAX, violations, 'webhook.url');
    const problem = context.webhookSender.problemWith(url);
    must(problem === null, violations, 'webhook.url', problem ?? '');
  }
  if (description !== undefined) checkLength(description, DESCRIPTION_MAX, violations, 'webhook.description');
  if (kinds !== undefined) {
    must(kinds.length <= KINDS_MAX, violations, 'webhook.kinds', `must be at most ${KINDS_MAX}`);
    const path = (i: number): string => `webhook.kinds[${i}]`;
    checkDistinct(kinds, (kind) => kind, violations, path, 'name each kind once');
  }
  return violations;
}

/** Where a URL leads, without what may be a secret in it. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}

/** A webhook as the audit shows it. */
export function describeWebhook({ url, description, kinds }: Webhook): Described {
  return {
    url: originOf(url),
    description,
    kinds: kinds.map((kind) => enumText('ALERT_KIND', kind)),
  };
}

/** The change of what the audit does not show of a URL; none when it is the same. */
export function pathChange(before: string, after: string) {
  if (before === after || originOf(before) !== originOf(after)) return [];
  const told = JSON.stringify(SECRET_CHANGED);
  return [{ field: 'url', before: told, after: told }];
}
