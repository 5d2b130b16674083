import { callerGone } from './ended-calls.ts';

/**
 * Waits for what `begin` begins, no longer than its caller is there: rejects with CANCELED when the signal fires.
 * `begin` gives how to let go of it, which is called once, however it ends.
 */
export function untilGone<T>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(callerGone());
  return new Promise((resolve, reject) => {
    const onGone = (): void => end(() => reject(callerGone()));
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', onGone);
      letGo();
      settle();
    };
    signal?.addEventListener('abort', onGone);
    const letGo = begin(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
  });
}
