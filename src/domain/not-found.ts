import { KeypoolError } from './errors.ts';

export function tierNotFound(id: string): KeypoolError {
  return new KeypoolError('TIER_NOT_FOUND', `There is no tier ${id}. Create it first, or check the id.`, {
    metadata: { tier_id: id },
  });
}

export function keyNotFound(id: string): KeypoolError {
  return new KeypoolError('KEY_NOT_FOUND', `There is no key ${id}. Check the id.`, {
    metadata: { key_id: id },
  });
}

export function quotaGroupNotFound(id: string): KeypoolError {
  return new KeypoolError(
    'QUOTA_GROUP_NOT_FOUND',
    `There is no quota group ${id}. Create it first, or check the id.`,
    { metadata: { quota_group_id: id } },
  );
}

export function webhookNotFound(id: string): KeypoolError {
  return new KeypoolError('WEBHOOK_NOT_FOUND', `There is no webhook ${id}. Check the id.`, {
    metadata: { webhook_id: id },
  });
}

export function consumerNotFound(id: string): KeypoolError {
  return new KeypoolError('CONSUMER_NOT_FOUND', `There is no consumer ${id}. Check the id.`, {
    metadata: { consumer_id: id },
  });
}
