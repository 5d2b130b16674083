import { hash } from 'node:crypto';
import type { UsageRecord } from '../model/audit.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import { requireScope, USAGE_WRITE_SCOPE } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { invalidField } from './errors.ts';
import { callerIdOf } from './identity.ts';
import { stored } from './store-errors.ts';

/** A use as a backend reports it. `id`: the backend's own for it. */
export type ReportedUse = Omit<UsageRecord, 'once' | 'kind'>;

/** Of all uses that one caller reports with one id, one is kept. */
function recordOf(caller: string, use: ReportedUse): UsageRecord {
  const id = hash('sha256', JSON.stringify(['BatchRecordUsage', caller, use.id]), 'base64url');
  return { ...use, id, once: true, kind: 'recorded' };
}

/**
 * Puts what became of calls that a backend served on record: all or, when it rejects, any of them; sent again they are
 * kept once. Returns how many had not been recorded before. Errors: SCOPE_REQUIRED, INVALID_FIELD, STORE_UNAVAILABLE.
 */
export async function batchRecordUsage(
  context: Context,
  call: Call,
  uses: readonly ReportedUse[],
): Promise<number> {
  requireScope(call.identity, USAGE_WRITE_SCOPE);
  for (const [i, { peerAddress }] of uses.entries())
    if (peerAddress !== '' && parseIpAddress(peerAddress) === null)
      throw invalidField(`events[${i}].ipAddress`, 'must be an IPv4 or IPv6 address, or empty');
  const caller = callerIdOf(call.identity);
  return stored(context.store.recordUsage(uses.map((use) => recordOf(caller, use))));
}
