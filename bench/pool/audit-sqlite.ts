import type { DrawRequest, DrawStore } from '../../src/store/port.ts';

const ROUND = 256;

/** So many real draws, so that the audit is as draws leave it. */
export async function drawAuditRows(
  store: DrawStore,
  draws: readonly DrawRequest[],
  rows: number,
): Promise<void> {
  for (let written = 0; written < rows; ) {
    const round = Array.from(
      { length: Math.min(ROUND, rows - written) },
      (_, i) => draws[(written + i) % draws.length],
    );
    const results = await store.drawRound(round.filter((draw) => draw !== undefined));
    written += results.filter((result) => result.kind === 'drawn').length;
  }
}
