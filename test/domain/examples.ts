import type { NewConsumer } from '../../src/domain/consumer-fields.ts';
import type { CreateTierInput } from '../../src/domain/create-tier.ts';
import type { NewKey } from '../../src/domain/key-fields.ts';
import type { Limit } from '../../src/model/tier.ts';

export const MINUTE_MS = 60_000;

export function limitOf(parts: Partial<Limit> = {}): Limit {
  return { limit: 10, windowMs: MINUTE_MS, algorithm: 'sliding', guardMs: null, ...parts };
}

export function newTier(parts: Partial<CreateTierInput> = {}): CreateTierInput {
  return { id: 'basic', description: '', features: [{ name: 'scrape', limits: [limitOf()] }], ...parts };
}

let values = 0;

/** A key with a value of its own. */
export function newKey(parts: Partial<NewKey> = {}): NewKey {
  values += 1;
  return {
    name: 'key',
    value: `upstream-value-${values}`,
    secrets: {},
    metadata: {},
    state: 'active',
    stateReason: '',
    expireAt: null,
    budgets: [],
    ...parts,
  };
}

export function newConsumer(parts: Partial<NewConsumer> = {}): NewConsumer {
  return {
    name: 'crawler',
    description: '',
    owner: '',
    environment: 'live',
    scopes: [],
    allowedIps: [],
    creditsPerMinute: null,
    creditLimits: [],
    state: 'active',
    expireAt: null,
    ...parts,
  };
}
