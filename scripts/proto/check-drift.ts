/* Generates into a temporary folder and compares with gen/: fails when somebody changed the one without the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bufOutput, GENERATED } from './buf.ts';
import { differences, readFolder } from './folder.ts';

/** Differences between gen/ and what the contract generates, one line each; empty when there are none. */
export async function checkDrift(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keypool-gen-'));
  try {
    await bufOutput('generate', '--output', folder);
    const stale = differences(await readFolder(join(folder, 'gen')), await readFolder(GENERATED));
    return stale.length > 0 ? [...stale.map((line) => `gen/${line}`), 'run: npm run gen'] : [];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = await checkDrift();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
