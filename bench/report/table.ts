/** What a section found out. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A heading and a Markdown table. */
export function markdown({ title, head, rows }: Table): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${title}`, '', ...lines, ''].join('\n');
}

/** A number for a cell, empty when there is none. */
export function figure(value: number | null, digits = 0): string {
  return value === null ? '' : value.toFixed(digits);
}
