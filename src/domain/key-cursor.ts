import type { OrderedPosition } from '../model/key-order.ts';
import { invalidField } from './errors.ts';

/** Where an ordered list of keys goes on. */
export interface KeyCursor {
  /** The moment (ms) at which all of the list is ordered: that of its first page. */
  readonly asOf: number;
  /** Which of its stretches. */
  readonly stretch: number;
  /** After which place of it; null: from its beginning. */
  readonly position: OrderedPosition | null;
}

export function writeKeyCursor({ asOf, stretch, position }: KeyCursor): string {
  return JSON.stringify([asOf, stretch, position?.value ?? null, position?.id ?? '']);
}

/** What {@link writeKeyCursor} wrote. Error: INVALID_FIELD. */
export function readKeyCursor(text: string): KeyCursor {
  const [asOf, stretch, value, id] = partsOf(text);
  if (typeof asOf === 'number' && typeof stretch === 'number' && typeof id === 'string')
    if (value === null || typeof value === 'number')
      return { asOf, stretch, position: id === '' ? null : { value, id } };
  throw invalidField(
    'pageToken',
    'is not the next_page_token of an earlier page; start again with an empty one',
  );
}

function partsOf(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
