import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Target = string | { readonly import?: string; readonly default?: string };
type Manifest = { readonly exports: Readonly<Record<string, Target>> };

/** An import map of all that the packages export, for a server that has the packages under `/node_modules/`. */
export function importMapOf(
  packages: readonly string[],
  nodeModules: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(packages.flatMap((name) => entriesOf(name, join(nodeModules, name))));
}

function entriesOf(name: string, folder: string): [string, string][] {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.entries(manifest.exports).flatMap(([entry, target]) => {
    const file = typeof target === 'string' ? target : (target.import ?? target.default);
    const specifier = name + entry.slice('.'.length);
    return file === undefined ? [] : [[specifier, `/node_modules/${name}${file.slice('.'.length)}`]];
  });
}
