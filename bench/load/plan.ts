/** What one load run does; given to the load process as JSON. */
export interface LoadPlan {
  readonly protocol: 'json' | 'grpc';
  readonly port: number;
  readonly path: string;
  readonly token: string;
  /** The request message: JSON text, or base64 of its binary form for gRPC. */
  readonly body: string;
  readonly callers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What a load run saw. Latencies in µs. */
export interface LoadResult {
  readonly perSecond: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** One caller's way to make one call and to hear that it was answered well or not. */
export interface Caller {
  readonly call: (done: (ok: boolean) => void) => void;
  readonly close: () => void;
}
