/** A process that lived for so long did not end because of its start, in ms. */
const LIVED_WELL_MS = 10_000;
const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 10_000;

/** How many processes in a row ended soon after their start, the one that lived for `livedMs` included. */
export function shortLivesAfter(shortLives: number, livedMs: number): number {
  return livedMs < LIVED_WELL_MS ? shortLives + 1 : 0;
}

/** How long to wait before the next one is started, in ms: not at all, then twice as long each time, up to 10 s. */
export function replacementPauseMs(shortLives: number): number {
  if (shortLives === 0) return 0;
  return Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(shortLives - 1, 16));
}
