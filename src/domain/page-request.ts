import type { PageRequest } from '../store/port.ts';
import { invalidField } from './errors.ts';
import type { StoreRefusals } from './store-errors.ts';

/** Which page a caller asks for: 0 to 1,000 items, 0 for 50; a token of the page before, or empty. */
export interface ListInput {
  readonly pageSize: number;
  readonly pageToken: string;
}

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 1000;

/** Error: INVALID_FIELD. */
export function pageRequestOf(input: ListInput): PageRequest {
  if (!Number.isInteger(input.pageSize) || input.pageSize < 0 || input.pageSize > PAGE_SIZE_MAX)
    throw invalidField('pageSize', `must be between 0 and ${PAGE_SIZE_MAX}; 0 means ${PAGE_SIZE_DEFAULT}`);
  return {
    after: input.pageToken === '' ? null : input.pageToken,
    limit: input.pageSize === 0 ? PAGE_SIZE_DEFAULT : input.pageSize,
  };
}

/** A store finds no such position when the token is not one it gave. */
export const PAGE_REFUSALS: StoreRefusals = {
  'not-found': () =>
    invalidField('pageToken', 'is not the next_page_token of an earlier page; start again with an empty one'),
};
