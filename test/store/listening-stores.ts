import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Change } from '../../src/store/port.ts';
import { eventually } from '../support/eventually.ts';
import type { StoreFactory } from '../support/store-harness.ts';

/** Two processes' stores on the same data where the backend takes them, and what each has heard of changes. */
export async function listeningStores(t: TestContext, makeStore: StoreFactory) {
  const harness = await makeStore();
  t.after(harness.close);
  const stores = await harness.openMany(2);
  const heard = stores.map((store) => {
    const changes: Change[] = [];
    t.after(store.onChange((change) => changes.push(change)));
    return changes;
  });
  const [writer] = stores;
  assert.ok(writer);
  return {
    writer,
    forget: (): void => {
      for (const changes of heard) changes.length = 0;
    },
    /** Resolves when every one has heard what `isTold` looks for. */
    allHeard: (isTold: (changes: readonly Change[]) => boolean) =>
      eventually('all heard of it', () => heard.every(isTold) || null),
  };
}
