import { KeypoolError } from './errors.ts';

/** The etag of a row that counts its edits. */
export function etagOf(version: number): string {
  return String(version);
}

/** Refuses an edit of a row that somebody else changed; null means no check. Error: ETAG_MISMATCH. */
export function checkEtag(etag: string | null, version: number): void {
  if (etag === null || etag === etagOf(version)) return;
  throw new KeypoolError(
    'ETAG_MISMATCH',
    'It was changed since you read it. Read it again, and repeat your change with its new etag.',
    { metadata: { etag: etagOf(version) } },
  );
}
