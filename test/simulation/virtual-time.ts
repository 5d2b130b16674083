/** Whose turn an event is: a simulated process, or null for the world around them. */
export interface Owner {
  readonly alive: () => boolean;
  /** Until this moment it does nothing: what is due before waits (ms). */
  readonly stalledUntil: () => number;
}

/** One clock and one queue of events for a whole run; nothing in it depends on real time. */
export interface VirtualTime {
  /** True time in ms since the run began, with fractions. */
  readonly nowMs: () => number;
  /** Lets `work` happen later, in the turn of `owner`; the owner of the current turn unless told. Gives the undo. */
  readonly after: (ms: number, work: () => void, owner?: Owner | null) => () => void;
  /** Runs events until `isOver` or the moment `endMs`; false when that came first, or nothing was left to happen. */
  readonly run: (isOver: () => boolean, endMs: number) => Promise<boolean>;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | null;
  work: (() => void) | null;
}

/** Taken before anything replaces it: lets promises run on between two events. */
const nextTurn = setImmediate;
/** Events between two turns of the real event loop; promises run between any two of them all the same. */
const EVENTS_PER_TURN = 64;

export function createVirtualTime(): VirtualTime {
  const queue = createQueue();
  let now = 0;
  let order = 0;
  let current: Owner | null = null;

  const add = (at: number, work: () => void, owner: Owner | null) => {
    const event: Event = { at, order, owner, work };
    order += 1;
    queue.add(event);
    return () => {
      event.work = null;
    };
  };

  /** Does one event; false when none is left. */
  const step = (): boolean => {
    const event = queue.take();
    if (event === undefined) return false;
    const { work, owner } = event;
    if (work === null || owner?.alive() === false) return true;
    const stalledUntil = owner?.stalledUntil() ?? 0;
    if (stalledUntil > event.at) {
      add(stalledUntil, work, owner);
      return true;
    }
    now = event.at;
    current = owner;
    work();
    return true;
  };

  return {
    nowMs: () => now,
    after: (ms, work, owner = current) => add(now + Math.max(0, ms), work, owner),
    run: (isOver, endMs) =>
      new Promise((resolve, reject) => {
        let ended = false;
        const end = (result: boolean) => {
          ended = true;
          current = null;
          resolve(result);
        };
        const one = () => {
          if (ended) return;
          try {
            if (isOver()) end(true);
            else if (now > endMs || !step()) end(false);
          } catch (error) {
            ended = true;
            reject(error);
          }
        };
        const turn = () => {
          for (let i = 0; i < EVENTS_PER_TURN; i += 1) nextTurn(one);
          nextTurn(() => {
            if (!ended) turn();
          });
        };
        turn();
      }),
  };
}

/** A binary heap by moment, then by order of arrival. */
function createQueue() {
  const heap: Event[] = [];
  const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);
  return {
    add: (event: Event) => {
      let i = heap.length;
      while (i > 0) {
        const above = (i - 1) >> 1;
        const parent = heap[above];
        if (parent === undefined || !before(event, parent)) break;
        heap[i] = parent;
        i = above;
      }
      heap[i] = event;
    },
    take: (): Event | undefined => {
      const first = heap[0];
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return first;
      let i = 0;
      for (;;) {
        let below = 2 * i + 1;
        let child = heap[below];
        const right = heap[below + 1];
        if (child !== undefined && right !== undefined && before(right, child)) {
          below += 1;
          child = right;
        }
        if (child === undefined || !before(child, last)) break;
        heap[i] = child;
        i = below;
      }
      heap[i] = last;
      return first;
    },
  };
}
