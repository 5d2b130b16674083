import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readSourceFiles, type SourceFile } from './source-files.ts';

/** Where clock, randomness and environment enter the program. */
const COMPOSITION = ['src/serve.ts', 'src/serve-handed.ts', 'src/app.ts'];

const AMBIENT = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bperformance\.(?:now|timeOrigin)\b/,
  /\bprocess\.(?:env|hrtime)\b/,
  /\bMath\.random\b/,
  /\bcrypto\.(?:random\w+|getRandomValues)\b/,
  /\bimport\s*\{[^}]*\b(?:random(?:Bytes|UUID|Int)|getRandomValues|webcrypto)\b[^}]*\}\s*from\s*'node:crypto'/,
  /\bimport\s*\{[^}]*\b(?:env|hrtime)\b[^}]*\}\s*from\s*'node:process'/,
];

function ambientUses({ path, code }: SourceFile): string[] {
  const uses = AMBIENT.flatMap((pattern) => code.match(pattern)?.[0] ?? []);
  return uses.map((use) => `${path}: ${use}`);
}

it('clock, randomness and environment come in as arguments outside the composition', () => {
  const files = [...readSourceFiles().values()].filter(({ path }) => !COMPOSITION.includes(path));
  assert.deepEqual(files.flatMap(ambientUses), []);
});
