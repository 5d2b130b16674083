import type { Clock } from '../../model/clock.ts';
import type { StoreStatus } from '../port.ts';

/** How often the server's clock is looked at, and from where on a difference is a jump: half the least guard. In ms. */
const SAMPLE_EVERY_MS = 1000;
const JUMP_MS = 50;

/** How much less is known of the server's time with each ms since it was asked for: clocks drift apart. */
const DRIFT = 0.000_05;

export interface StoreClock {
  /** The server's time as best known here, in ms with fractions; moves with the monotonic clock between samples. */
  readonly nowMs: () => number;
  /** How far off that may be, in ms: about half of what the quickest question and its answer took lately. */
  readonly uncertainMs: () => number;
  readonly lastJump: () => StoreStatus['clockJump'];
  readonly close: () => void;
}

/**
 * Follows the server's clock. `readServerMs` asks for it in whole ms: it was read between question and answer, which
 * bounds its distance to the monotonic clock; the estimate moves only as far as these bounds make it.
 */
export async function followStoreClock(
  clock: Clock,
  readServerMs: () => Promise<number>,
  warn: (message: string) => void,
): Promise<StoreClock> {
  let offset: number | null = null;
  /** How far off the estimate may be, as questions took their time. */
  let uncertainMs = 0;
  /** The monotonic moment of that, in ms. */
  let knownAt = 0;
  let jump: StoreStatus['clockJump'] = null;
  const nowMs = () => clock.monotonicMs() + (offset ?? 0);

  const sample = async () => {
    const askedAt = clock.monotonicMs();
    const server = await readServerMs();
    const least = server - clock.monotonicMs();
    const most = server + 1 - askedAt;
    if (offset === null) {
      offset = (least + most) / 2;
      uncertainMs = (most - least) / 2;
      knownAt = clock.monotonicMs();
      return;
    }
    const next = Math.min(Math.max(offset, least), most);
    const byMs = Math.round(next - offset);
    const wasUncertainMs = uncertainMs;
    const bound = Math.max(next - least, most - next);
    uncertainMs =
      next === offset ? Math.min(uncertainMs + (clock.monotonicMs() - knownAt) * DRIFT, bound) : bound;
    offset = next;
    knownAt = clock.monotonicMs();
    if (Math.abs(byMs) <= JUMP_MS + wasUncertainMs) return;
    jump = { at: Math.floor(nowMs()), byMs };
    warn(`The database's clock jumped by ${byMs} ms; check its time synchronisation.`);
  };

  await sample();
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    // Out of reach: the estimate goes on with the monotonic clock.
    await sample().catch(() => undefined);
    asking = false;
  }, SAMPLE_EVERY_MS).unref();
  return { nowMs, uncertainMs: () => uncertainMs, lastJump: () => jump, close: () => clearInterval(timer) };
}
