/** A draw by its take and by the first of the units of the take that it covers. */
export interface DrawName {
  readonly take: string;
  readonly serial: number;
}

export function drawIdOf({ take, serial }: DrawName): string {
  return `${take}.${serial}`;
}

/** The parts of a draw id; null for any other text. */
export function drawNameOf(drawId: string): DrawName | null {
  const parts = /^([^.]+)\.(\d+)$/.exec(drawId);
  const [, take, serial] = parts ?? [];
  return take === undefined || serial === undefined ? null : { take, serial: Number(serial) };
}
