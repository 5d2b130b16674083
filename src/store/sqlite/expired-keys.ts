import { NOWHERE, placesOf } from '../../model/place.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import { requireTier } from './tier-store.ts';

/**
 * Takes expired keys out of their queues, each expiry once; and puts back those that are out since the clock was ahead,
 * and have not expired. Returns how many keys it looked at, `limit` at most. Within a write.
 */
export function createExpiredKeysSweep(core: Core): (limit: number) => number {
  const { keys, states } = core;
  type Row = { readonly no: number };
  const expired = prepare<Row>(core.db, 'SELECT no FROM keys WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?');
  const swept = prepare(core.db, 'UPDATE keys SET sweep_at = NULL WHERE no = ?');
  const outTooSoon = prepare<Row>(
    core.db,
    'SELECT no FROM key_states WHERE out_expired > ? ORDER BY out_expired LIMIT ?',
  );
  const takeOut = ({ no }: Row): void => {
    swept.run(no);
    const state = states.read(no);
    // One that a draw has met is out already.
    if (state === null || Object.keys({ ...state.ready, ...state.due }).length === 0) return;
    states.write(no, state, { ...state, ...NOWHERE });
  };
  const putBack = ({ no }: Row, now: number): void => {
    const stored = keys.readNumber(no);
    if (stored === null) return;
    const { key } = stored;
    keys.update(stored, { ...key, ...placesOf(key, requireTier(core, key.tierId), now) });
  };
  return (limit) => {
    const now = core.now();
    const out = expired.all(now, limit);
    for (const row of out) takeOut(row);
    const back = outTooSoon.all(now, limit - out.length);
    for (const row of back) putBack(row, now);
    return out.length + back.length;
  };
}
