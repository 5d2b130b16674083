import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const README = join(import.meta.dirname, '..', '..', 'README.md');

export function readmeText(): string {
  return readFileSync(README, 'utf8');
}

/** The fenced blocks of the README whose opening line is exactly this, in their order. */
export function readmeBlocks(info: string): readonly string[] {
  const blocks: string[] = [];
  for (const match of readmeText().matchAll(/^```(.*)\n([\s\S]*?)^```$/gm))
    if (match[1] === info) blocks.push(match[2] ?? '');
  return blocks;
}
