import { createIpList } from '../model/ip-list.ts';

/** Never a receiver of alerts: this host or network, what only a neighbour on the link has, many at once, no address. */
const NOWHERE = createIpList([
  '0.0.0.0/8',
  // Also where clouds keep what tells machines of themselves, credentials among it.
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  '192.0.0.192/32',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '224.0.0.0/3',
  'ff00::/8',
  '::/128',
  // Link-local IPv4 as IPv6 carries it.
  '64:ff9b::a9fe:0/112',
  '2002:a9fe::/32',
  '::a9fe:0/112',
]);

/** Loopback and what is routed inside an organisation only (RFC 6890, RFC 4193, RFC 6598). */
const PRIVATE = createIpList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
  'fec0::/10',
]);

/** IPv6 that carries an IPv4 address, which could be any of the above (RFC 6052, RFC 3056, RFC 4380). */
const TRANSLATED = createIpList(['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32', '::/96']);

/** Why nothing is sent to an address; null when it may be. */
export function addressProblem(address: string, allowPrivate: boolean): string | null {
  // What is in both lists is refused for good.
  if (NOWHERE.contains(address)) return 'an address that is never a receiver';
  if (allowPrivate) return null;
  if (PRIVATE.contains(address) || TRANSLATED.contains(address))
    return 'an address that is not public; WEBHOOKS_ALLOW_PRIVATE allows it';
  return null;
}
