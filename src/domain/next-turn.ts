import type { After } from './background-task.ts';

/** Lets others have a turn of the event loop, and whatever store they ask. */
export function nextTurn({ after }: { readonly after: After }): Promise<void> {
  return new Promise((resolve) => {
    after(0, resolve);
  });
}
