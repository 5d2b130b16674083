/**
 * Everything that is checked without running the product: `npm run check`. Stops at the first failure.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const REPOSITORY = join(import.meta.dirname, '..');
const TOOLS = join(REPOSITORY, 'node_modules', '.bin');
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

type Step = { readonly name: string; readonly command: readonly [string, ...string[]] };

const STEPS: readonly Step[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint and format', command: ['biome', 'ci', '.'] },
  { name: 'contract and generated code', command: [process.execPath, 'scripts/proto/check.ts'] },
  { name: 'architecture', command: [process.execPath, '--test', 'test/architecture/*.test.ts'] },
];

const env = { ...process.env, PATH: [TOOLS, process.env.PATH ?? ''].join(delimiter) };

for (const { name, command } of STEPS) {
  const [program, ...args] = command;
  const start = performance.now();
  const result = spawnSync(program, args, {
    cwd: REPOSITORY,
    env,
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (result.status !== 0) {
    console.error(`failed  ${name} (${seconds} s): ${command.join(' ')}\n`);
    console.error([result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n'));
    process.exit(1);
  }
  console.log(`ok      ${name} (${seconds} s)`);
}
