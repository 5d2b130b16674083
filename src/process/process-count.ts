import type { Config } from '../config.ts';
import { PROCESSES_MAX } from '../config-values.ts';

/** How many processes are to serve on a machine with so many cores. */
export function processCountOf(processes: Config['processes'], cores: number): number {
  return processes === 'auto' ? Math.min(cores, PROCESSES_MAX) : processes;
}
