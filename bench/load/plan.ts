/** A draw, and as whom. */
export interface DrawAsk {
  readonly token: string;
  readonly feature: string;
  /** How long the draw waits for a key; absent: not at all. */
  readonly maxWaitMs?: number;
  /** After so many draws the caller reports them, together, before it makes the next; over JSON only. Absent: never. */
  readonly reportEvery?: number;
}

/** A backend's token, and that of a client of its own, which is verified and charged one credit. */
export interface VerifyAsk {
  readonly token: string;
  readonly clientToken: string;
}

/** One thing to ask for. */
export type Ask = DrawAsk | VerifyAsk;

/** How long a load goes on; what happens in the warm-up does not count. */
export interface LoadTimes {
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How long each caller pauses between an answer and its next call; absent: not at all. */
  readonly pauseMs?: number;
}

/** What one load run does; given to the load process as JSON. */
export interface LoadPlan extends LoadTimes {
  readonly protocol: 'json' | 'grpc';
  readonly port: number;
  /** Asked in turn, by all callers together. */
  readonly asks: readonly Ask[];
  readonly callers: number;
}

/** What a load run saw. Latencies in µs. */
export interface LoadResult {
  readonly perSecond: number;
  readonly failed: number;
  /** What failed calls were told, and how many of them; those before and after the measured time too. */
  readonly told: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** Everything answered, the warm-up too. */
  readonly calls: number;
  /** The moment (ms since 1970) at which the measured time began, and what was answered well in each second of it. */
  readonly beganAt: number;
  readonly eachSecond: readonly number[];
}

/** One caller's way to make one call and to hear that it was answered well (null), or in a few words how not. */
export interface Caller {
  readonly call: (done: (failure: string | null) => void) => void;
  readonly close: () => void;
}
