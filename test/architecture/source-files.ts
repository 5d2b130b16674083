import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';

export const REPOSITORY = join(import.meta.dirname, '..', '..');

export type SourceFile = {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  /** The text without its comments. */
  readonly code: string;
  readonly imports: readonly Import[];
};

export type Import =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'package'; readonly name: string };

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g;
const IMPORTS = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
  /\bnew URL\(\s*['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
];

/** Every TypeScript file under `src`, by its path; specifications (`*.test.ts`) only where asked for. */
export function readSourceFiles(): ReadonlyMap<string, SourceFile> {
  const paths = globSync('src/**/*.ts', { cwd: REPOSITORY }).filter((path) => !path.endsWith('.test.ts'));
  return new Map(paths.sort().map((path) => [path, readSourceFile(path)]));
}

function readSourceFile(path: string): SourceFile {
  const text = readFileSync(join(REPOSITORY, path), 'utf8');
  return parseSourceFile(path, text);
}

/** What a file of that path and text imports, type imports and dynamic ones with constant names included. */
export function parseSourceFile(path: string, text: string): SourceFile {
  const code = text.replaceAll(COMMENT, '');
  const names = IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
  return { path, code, imports: names.map((name) => resolveImport(path, name)) };
}

function resolveImport(from: string, name: string): Import {
  if (name.startsWith('.')) return { kind: 'file', path: normalize(join(dirname(from), name)) };
  const parts = name.split('/');
  const length = name.startsWith('@') ? 2 : 1;
  return { kind: 'package', name: name.startsWith('node:') ? name : parts.slice(0, length).join('/') };
}
