import { ImportFormat, type ImportKeysRequest } from '../../../gen/keypool/v1/key_bulk_messages_pb.ts';
import type { ImportLine } from '../../domain/import-keys.ts';
import { csvLines } from '../import-text/csv-lines.ts';
import { jsonLines } from '../import-text/json-lines.ts';

/** The lines of the text of an import. */
export function toImportLines({ format, content, tierId }: ImportKeysRequest): Iterable<ImportLine> {
  return format === ImportFormat.CSV ? csvLines(content, tierId) : jsonLines(content, tierId);
}
