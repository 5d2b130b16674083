import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The text of every file below a folder, by its path there; empty when there is no such folder. */
export async function readFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of glob('**/*', { cwd: folder, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(join(folder, '/').length), await readFile(path, 'utf8'));
  }
  return files;
}

/** One line for each path whose text differs: `missing`, `superfluous` or `changed` in `actual`. */
export function differences(
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => {
    if (!actual.has(path)) return [`${path}: missing`];
    if (!expected.has(path)) return [`${path}: superfluous`];
    return expected.get(path) === actual.get(path) ? [] : [`${path}: changed`];
  });
}
