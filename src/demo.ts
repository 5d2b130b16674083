import type { Call, Context } from './domain/context.ts';
import { createConsumer } from './domain/create-consumer.ts';
import { createKey } from './domain/create-key.ts';
import { createTier } from './domain/create-tier.ts';
import { KeypoolError, type Reason } from './domain/errors.ts';
import { grantTier } from './domain/grant-tier.ts';
import { curlCommand } from './shell-command.ts';

const TIER = 'demo';
const FEATURE = 'demo_scrape';
const LIMIT = { limit: 10, windowMs: 10_000, algorithm: 'sliding', guardMs: null } as const;
const KEYS = [1, 2, 3];

/** What the demo put in. */
export interface Demo {
  readonly consumerId: string;
  readonly token: string;
}

/** Lets a demo run again on what an earlier one left. */
async function unlessThere(reason: Reason, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof KeypoolError) || error.reason !== reason) throw error;
  }
}

/** Puts in a tier, three keys with made-up values and a consumer that may draw them; the consumer is new each time. */
export async function putInDemo(context: Context): Promise<Demo> {
  const call: Call = { identity: { kind: 'root' }, requestId: context.newId(), peerAddress: '' };
  const tier = {
    id: TIER,
    description: 'To try Keypool out',
    features: [{ name: FEATURE, limits: [LIMIT] }],
  };
  await unlessThere('TIER_EXISTS', createTier(context, call, tier));
  for (const number of KEYS) {
    const key = {
      name: `demo key ${number}`,
      value: `demo-upstream-value-${number}`,
      secrets: {},
      metadata: { account: `demo-${number}` },
      state: 'active',
      stateReason: '',
      expireAt: null,
      budgets: [],
    } as const;
    await unlessThere('KEY_EXISTS', createKey(context, call, { tierId: TIER, key }));
  }
  const { consumer, token } = await createConsumer(context, call, {
    consumer: {
      name: 'demo',
      description: 'To try Keypool out',
      owner: '',
      environment: 'test',
      scopes: [],
      allowedIps: [],
      creditsPerMinute: null,
      creditLimits: [],
      state: 'active',
      expireAt: null,
    },
  });
  await grantTier(context, call, { consumerId: consumer.id, tierId: TIER });
  return { consumerId: consumer.id, token };
}

/** What a demo tells people. */
export function demoText(url: string, { token }: Demo): string {
  const body = JSON.stringify({ feature: FEATURE });
  return [
    `The demo has put in tier ${TIER}, three keys and a consumer. Draw a key:`,
    '',
    `  ${curlCommand(url, 'KeyPoolService/DrawKey', token, body)}`,
    '',
  ].join('\n');
}
