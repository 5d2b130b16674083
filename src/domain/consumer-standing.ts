import type { Consumer } from '../model/consumer.ts';
import { createIpList, type IpList } from '../model/ip-list.ts';
import { KeypoolError } from './errors.ts';

/** Lists as compiled, for as long as the consumer they belong to is kept. */
const ipLists = new WeakMap<readonly string[], IpList>();

function ipListOf(entries: readonly string[]): IpList {
  const known = ipLists.get(entries);
  if (known !== undefined) return known;
  const list = createIpList(entries);
  ipLists.set(entries, list);
  return list;
}

/**
 * Whether a consumer may call at all, from there and at `now` (ms). Errors: TOKEN_REVOKED, CONSUMER_DISABLED,
 * TOKEN_EXPIRED, IP_NOT_ALLOWED.
 */
export function checkStanding(consumer: Consumer, peerAddress: string, now: number): void {
  if (consumer.state === 'revoked')
    throw new KeypoolError('TOKEN_REVOKED', 'This token was revoked. Ask an admin for a new one.');
  if (consumer.state === 'disabled')
    throw new KeypoolError('CONSUMER_DISABLED', 'This consumer is disabled. Ask an admin to enable it.');
  if (consumer.expireAt !== null && consumer.expireAt <= now)
    throw new KeypoolError('TOKEN_EXPIRED', 'This token has expired. Ask an admin to extend or replace it.');
  if (consumer.allowedIps.length > 0 && !ipListOf(consumer.allowedIps).contains(peerAddress))
    throw new KeypoolError(
      'IP_NOT_ALLOWED',
      `This consumer may not call from ${peerAddress || 'an unknown address'}. Ask an admin to add it to allowed_ips.`,
      { metadata: { ip_address: peerAddress } },
    );
}
