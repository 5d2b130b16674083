import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { ImportLine } from '../../domain/import-keys.ts';
import { brokenLine, keyLineOf } from './key-line.ts';

function objectIn(text: string): JsonObject | null {
  try {
    const json: JsonValue = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null;
  } catch {
    // What the parser says quotes what it read.
    return null;
  }
}

/** The keys of a text with one JSON object on each line. Empty lines are passed over. */
export function* jsonLines(text: string, tierId: string): Generator<ImportLine, void> {
  let line = 0;
  for (const row of text.split('\n')) {
    line += 1;
    if (row.trim() === '') continue;
    const json = objectIn(line === 1 ? row.replace(/^\ufeff/, '') : row);
    if (json === null) yield brokenLine(line, { field: '', message: 'is not one JSON object' });
    else yield keyLineOf(line, json, tierId);
  }
}
