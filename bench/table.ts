/** One line of the result: who was asked how, and what came of it, as a ratio to the echoes of the same run. */
export interface Row {
  readonly subject: string;
  readonly protocol: string;
  readonly keys: string;
  readonly callers: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** Draws per second ÷ those of the bare HTTP echo with as many callers; null for the echo itself. */
  readonly toBare: number | null;
  /** Draws per second ÷ those of the Connect echo over the same protocol. */
  readonly toConnect: number | null;
}

const HEAD = [
  'subject',
  'protocol',
  'keys',
  'callers',
  'calls/s',
  'p50 µs',
  'p99 µs',
  '÷ bare',
  '÷ Connect',
  'failed',
];

function ratio(value: number | null): string {
  return value === null ? '' : value.toFixed(2);
}

function cells(row: Row): string[] {
  return [
    row.subject,
    row.protocol,
    row.keys,
    String(row.callers),
    row.perSecond.toFixed(0),
    row.p50.toFixed(0),
    row.p99.toFixed(0),
    ratio(row.toBare),
    ratio(row.toConnect),
    row.failed === 0 ? '' : String(row.failed),
  ];
}

/** A Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, HEAD.map(() => '---'), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
