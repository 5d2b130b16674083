import type { FieldMask } from '@bufbuild/protobuf/wkt';
import { invalidField } from '../../domain/errors.ts';

/**
 * What an update is to change: for each path of the mask its field as `read` gives it. Error: INVALID_FIELD for a path
 * that cannot be updated.
 */
export function maskedChanges<T extends object>(
  mask: FieldMask | undefined,
  read: { readonly [path: string]: () => Partial<T> },
): Partial<T> {
  const changes: Partial<T> = {};
  for (const path of mask?.paths ?? []) {
    const field = Object.hasOwn(read, path) ? read[path] : undefined;
    if (field === undefined)
      throw invalidField(
        'updateMask',
        `name only fields that can be changed: ${Object.keys(read).join(', ')}`,
      );
    Object.assign(changes, field());
  }
  return changes;
}
