import type { TestContext } from 'node:test';
import type { Store, StoreOptions } from '../../src/store/port.ts';

/** One set of data of a backend, fresh for each test, and the stores that are open on it. */
export interface StoreHarness {
  /** Opens another store on the same data; where a file has one owner, after the one before was closed. */
  readonly open: (overrides?: Partial<StoreOptions>) => Promise<Store>;
  /** Lets the store's time pass until it is `moment` (ms) or later: steps the clock, or waits for the server's. */
  readonly waitUntil: (store: Store, moment: number) => Promise<void>;
  /** A window (ms) that is over soon enough to wait for it, and long enough for some calls in it. */
  readonly windowMs: number;
  /** Sends several processes' worth of stores to the same data when the backend takes them, else one. */
  readonly openMany: (count: number) => Promise<readonly Store[]>;
  /** Closes what is open and removes the data. */
  readonly close: () => Promise<void>;
}

/** Makes the data for one test. */
export type StoreFactory = () => Promise<StoreHarness>;

export interface OpenedStore extends StoreHarness {
  readonly store: Store;
}

/** A store on fresh data, which goes with the test. */
export async function useStore(
  t: TestContext,
  makeStore: StoreFactory,
  overrides: Partial<StoreOptions> = {},
): Promise<OpenedStore> {
  const harness = await makeStore();
  t.after(harness.close);
  return { ...harness, store: await harness.open(overrides) };
}
