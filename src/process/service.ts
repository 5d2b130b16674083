import type { Config } from '../config.ts';
import type { ProcessLog } from '../logging.ts';

/** What every kind of process is told about the service. */
export interface Service {
  readonly config: Config;
  /** Put in something to draw, and print how. */
  readonly demo: boolean;
  readonly processLog: ProcessLog;
}
