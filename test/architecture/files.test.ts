import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, matchesGlob } from 'node:path/posix';
import { describe, it } from 'node:test';
import { REPOSITORY, readSourceFiles, type SourceFile } from './source-files.ts';

const ENTRY_POINTS = ['src/main.ts', 'src/client/*.ts'];
const VAGUE_NAME = /(?:^|[-_.])(?:utils?|helpers?|common|managers?|misc)(?:[-_.]|$)/i;

function reachable(files: ReadonlyMap<string, SourceFile>): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [...files.keys()].filter((path) => ENTRY_POINTS.some((entry) => matchesGlob(path, entry)));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const target of files.get(path)?.imports ?? [])
      if (target.kind === 'file') waiting.push(target.path);
  }
  return seen;
}

describe('files', () => {
  it('of src are all used by the server or the client', () => {
    const files = readSourceFiles();
    const used = reachable(files);
    assert.deepEqual(
      [...files.keys()].filter((path) => !used.has(path)),
      [],
    );
  });

  it('and folders have names that say what they hold', () => {
    const paths = globSync('{src,test,bench,scripts,proto}/**', { cwd: REPOSITORY });
    assert.deepEqual(
      paths.filter((path) => VAGUE_NAME.test(basename(path))),
      [],
    );
  });
});
