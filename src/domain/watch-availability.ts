import type { DrawQueue } from '../model/round.ts';
import type { Availability } from '../store/port.ts';
import { currentIdentity } from './authenticate.ts';
import { LOOK_GAP_MS, type Seen } from './availability-looks.ts';
import type { Watch } from './availability-watches.ts';
import type { Call, Context } from './context.ts';
import { drawQueues } from './draw-queues.ts';
import { fromStore } from './store-errors.ts';
import { untilGone } from './until-gone.ts';

/** How long a caller and what it is granted count as known, in ms. */
const CHECK_MS = 450;

function isSame(a: Availability, b: Availability): boolean {
  return a.available === b.available && a.total === b.total && a.capped === b.capped && a.nextAt === b.nextAt;
}

/** What a caller may watch, as of the last look at it. */
interface Checked {
  readonly queues: readonly DrawQueue[];
  /** Monotonic, in ms. */
  readonly at: number;
}

async function check(context: Context, call: Call, feature: string): Promise<Checked> {
  const at = context.clock.monotonicMs();
  const identity = await currentIdentity(context, call);
  return { queues: await drawQueues(context, identity, feature, null), at };
}

/** What there is to tell: of the first look what is not older than `since`, then what is not as it was told. */
function newsOf(seen: Seen | null, told: Seen | null, since: number): Seen | null {
  if (seen === null) return null;
  const isNews = told === null ? seen.at >= since : !isSame(seen.availability, told.availability);
  return isNews ? seen : null;
}

/**
 * Tells how many keys the caller could draw for a feature, at once and again whenever that has changed, at most every
 * 0.1 s. Ends with an error only: that of {@link currentIdentity} within 2 s of a change, FEATURE_NOT_FOUND,
 * FEATURE_NOT_GRANTED, OVERLOADED where too many watch, CANCELED when the caller goes, STORE_UNAVAILABLE, SHUTTING_DOWN.
 */
export async function* watchAvailability(
  context: Context,
  call: Call,
  { feature }: { readonly feature: string },
): AsyncGenerator<Availability, never> {
  const { clock, after, availabilityWatches } = context;
  let watch: Watch | null = null;
  try {
    let checked = await check(context, call, feature);
    watch = availabilityWatches.open(feature, checked.queues);
    const since = checked.at - LOOK_GAP_MS;
    let told: Seen | null = null;
    for (;;) {
      if (clock.monotonicMs() - checked.at >= CHECK_MS) {
        const { queues } = checked;
        checked = await check(context, call, feature);
        if (checked.queues !== queues) {
          watch.close();
          watch = availabilityWatches.open(feature, checked.queues);
        }
      }
      const news = newsOf(watch.seen(), told, since);
      const waitMs = told === null ? 0 : told.at + LOOK_GAP_MS - clock.monotonicMs();
      if (news === null) await watch.next(call.signal);
      else if (waitMs > 0) await untilGone<void>(call.signal, (resolve) => after(Math.ceil(waitMs), resolve));
      else {
        told = { availability: news.availability, at: clock.monotonicMs() };
        yield told.availability;
      }
    }
  } catch (error) {
    throw fromStore(error);
  } finally {
    watch?.close();
  }
}
