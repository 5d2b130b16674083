/** Work that needs a row per key, resumable by any process. Times in ms. */
export interface Job {
  readonly id: string;
  readonly kind: 'place-keys';
  readonly tierId: string;
  /** The tier revision whose features and limits the places shall reflect. */
  readonly revision: number;
  readonly state: 'running' | 'done';
  /** Keys worked on so far, and keys there were at the start. */
  readonly done: number;
  readonly total: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
