import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'client.md');

/** The TypeScript blocks of the client's page, each a program of its own. */
export function exampleBlocks(): string[] {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
  return [...blocks].map((block) => block[1] ?? '');
}
