import type { VirtualTime } from './virtual-time.ts';

const NAMES = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;

/** What the timer functions give back here, as far as anybody uses it. */
class VirtualTimer {
  readonly cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

type Callback = (...args: unknown[]) => void;

/** Puts the global timers on virtual time until the returned function is called. */
export function replaceTimers(time: VirtualTime): () => void {
  const once = (work: Callback, ms = 0, ...args: unknown[]) =>
    new VirtualTimer(time.after(Math.max(ms, 0), () => work(...args)));
  const every = (work: Callback, ms = 1, ...args: unknown[]) => {
    let cancel = () => {};
    const again = () => {
      cancel = time.after(Math.max(ms, 1), () => {
        again();
        work(...args);
      });
    };
    again();
    return new VirtualTimer(() => cancel());
  };
  const clear = (timer: unknown) => {
    if (timer instanceof VirtualTimer) timer.cancel();
  };
  const replacements = {
    setTimeout: once,
    clearTimeout: clear,
    setInterval: every,
    clearInterval: clear,
    setImmediate: (work: Callback, ...args: unknown[]) => once(work, 0, ...args),
    clearImmediate: clear,
  };
  const originals = NAMES.map((name) => [name, globalThis[name]] as const);
  Object.assign(globalThis, replacements);
  return () => {
    Object.assign(globalThis, Object.fromEntries(originals));
  };
}
