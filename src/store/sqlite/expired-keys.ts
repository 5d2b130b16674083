import { NOWHERE } from '../../model/place.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';

/** Takes expired keys out of their queues, `limit` at most; each expiry is looked at once. Within a write. */
export function createExpiredKeysSweep(core: Core): (limit: number) => number {
  const { states } = core;
  const expired = prepare<{ no: number }>(
    core.db,
    'SELECT no FROM keys WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?',
  );
  const swept = prepare(core.db, 'UPDATE keys SET sweep_at = NULL WHERE no = ?');
  return (limit) => {
    const now = core.now();
    let parked = 0;
    // Keys that a draw has met are out already; they do not use up the limit.
    for (let rows = expired.all(now, limit); rows.length > 0; ) {
      for (const { no } of rows) {
        swept.run(no);
        const state = states.read(no);
        if (state === null || Object.keys({ ...state.ready, ...state.due }).length === 0) continue;
        states.write(no, state, { ...state, ...NOWHERE });
        parked += 1;
      }
      rows = parked < limit ? expired.all(now, limit - parked) : [];
    }
    return parked;
  };
}
