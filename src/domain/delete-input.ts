/** What is to be deleted. */
export interface DeleteInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
}
