import { createHash } from 'node:crypto';
import { invalidField } from '../../domain/errors.ts';
import type { ListInput } from '../../domain/page-request.ts';

/** Names the list a token belongs to: the RPC and its filter; the page's size may change on the way. */
export interface ListedBy {
  readonly rpc: string;
  readonly filter: object;
}

const HASH_CHARS = 16;

function hashOf(list: ListedBy): string {
  const text = JSON.stringify([list.rpc, Object.entries(list.filter).sort()]);
  return createHash('sha256').update(text).digest('base64url').slice(0, HASH_CHARS);
}

function foreignToken(): Error {
  return invalidField(
    'pageToken',
    'must be the nextPageToken of the page before, with the same filter; start again with an empty one',
  );
}

function positionIn(token: string, list: ListedBy): string {
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw foreignToken();
  }
  if (!Array.isArray(read) || read.length !== 2) throw foreignToken();
  const [next, hash]: unknown[] = read;
  if (typeof next !== 'string' || next === '' || hash !== hashOf(list)) throw foreignToken();
  return next;
}

/** What a list request asks for. Its `page_token` is base64url of JSON `[position, hash of the list]`. Error: INVALID_FIELD. */
export function pageOf(
  request: { readonly pageSize: number; readonly pageToken: string },
  list: ListedBy,
): ListInput {
  const pageToken = request.pageToken === '' ? '' : positionIn(request.pageToken, list);
  return { pageSize: request.pageSize, pageToken };
}

export function nextPageToken(page: { readonly next: string | null }, list: ListedBy): string {
  if (page.next === null) return '';
  return Buffer.from(JSON.stringify([page.next, hashOf(list)])).toString('base64url');
}
