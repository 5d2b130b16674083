import { invalidField } from '../../domain/errors.ts';

/** A message that the contract requires. Error: INVALID_FIELD, should its rules have let it pass. */
export function required<T>(message: T | undefined, field: string): T {
  if (message === undefined) throw invalidField(field, 'must be given');
  return message;
}

/** An etag as sent: empty means no check. */
export function etagOrNull(etag: string): string | null {
  return etag === '' ? null : etag;
}

/** A filter's text as sent: empty means any. */
export function textOrUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}
