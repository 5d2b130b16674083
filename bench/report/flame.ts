import { readFileSync, writeFileSync } from 'node:fs';

/*
 * Draws a flame graph (Gregg, 2011) of a V8 CPU profile: `node bench/report/flame.ts <in.cpuprofile> <out.svg>`. Time goes
 * from left to right by stack, not by moment; a box is as wide as the time in it and all it calls.
 */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly kind: string;
  total: number;
  readonly below: Map<string, Frame>;
}

const WIDTH_PX = 1600;
const ROW_PX = 17;
/** Narrower boxes are left out. */
const BOX_PX_MIN = 1.5;
const CHARACTER_PX = 6.4;
const COLOURS: Readonly<Record<string, string>> = {
  own: '#f0a35e',
  library: '#8fb8de',
  node: '#a9d18e',
  engine: '#d9d9d9',
};

function kindOf(url: string): string {
  if (url === '') return 'engine';
  if (url.startsWith('node:')) return 'node';
  return url.includes('/node_modules/') ? 'library' : 'own';
}

function frameOf({ callFrame }: ProfileNode): Frame {
  const file = callFrame.url.split('/').at(-1) ?? '';
  const name = `${callFrame.functionName || '(anonymous)'}${file === '' ? '' : ` ${file}`}`;
  return { name, kind: kindOf(callFrame.url), total: 0, below: new Map() };
}

/** All samples by their stacks, idle time left out. */
function framesOf({ nodes, samples, timeDeltas }: Profile): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)),
  );
  const root: Frame = { name: 'all', kind: 'engine', total: 0, below: new Map() };
  for (const [i, sample] of samples.entries()) {
    const stack: ProfileNode[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const node = byId.get(id);
      if (node !== undefined && node.callFrame.functionName !== '(root)') stack.unshift(node);
    }
    if (stack.some(({ callFrame }) => callFrame.functionName === '(idle)')) continue;
    const time = timeDeltas[i] ?? 0;
    root.total += time;
    let at = root;
    for (const node of stack) {
      const fresh = frameOf(node);
      const next = at.below.get(fresh.name) ?? fresh;
      at.below.set(fresh.name, next);
      next.total += time;
      at = next;
    }
  }
  return root;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function boxes(frame: Frame, x: number, depth: number, scale: number, into: string[]): number {
  const width = frame.total * scale;
  if (width < BOX_PX_MIN) return depth;
  const y = depth * ROW_PX;
  const share = ((frame.total * scale * 100) / WIDTH_PX).toFixed(1);
  const shown = frame.name.slice(0, Math.floor(width / CHARACTER_PX));
  into.push(
    `<g><title>${escaped(frame.name)} ${share} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" ` +
      `height="${ROW_PX - 1}" fill="${COLOURS[frame.kind]}"/>` +
      `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(shown)}</text></g>`,
  );
  let deepest = depth;
  let left = x;
  for (const below of [...frame.below.values()].sort((a, b) => b.total - a.total)) {
    deepest = Math.max(deepest, boxes(below, left, depth + 1, scale, into));
    left += below.total * scale;
  }
  return deepest;
}

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined)
  throw new Error('node bench/report/flame.ts <in.cpuprofile> <out.svg>');
const root = framesOf(JSON.parse(readFileSync(from, 'utf8')));
const parts: string[] = [];
const deepest = boxes(root, 0, 0, WIDTH_PX / root.total, parts);
writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${(deepest + 1) * ROW_PX}" ` +
    `font-family="monospace" font-size="11">\n<title>Time by stack</title>\n${parts.join('\n')}\n</svg>\n`,
);
