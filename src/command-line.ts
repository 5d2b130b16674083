import { parseArgs } from 'node:util';
import { CONFIG_VARIABLES, type ConfigVariable } from './config-variables.ts';
import { StartError } from './start-error.ts';

export interface CommandLine {
  /** Put in something to draw, and print how. */
  readonly demo: boolean;
  readonly help: boolean;
  /** Environment variables that flags stand for, as they would be written. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Error: StartError for anything it does not know. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        demo: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        processes: { type: 'string' },
      },
    });
    const { demo = false, help = false, processes } = values;
    // Given as nothing it would count as unset.
    return { demo, help, variables: processes === undefined ? {} : { PROCESSES: processes.trim() || '0' } };
  } catch (error) {
    const [problem] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new StartError(
      `${problem}. There are --demo, --processes and --help; all else is set by environment variables.`,
    );
  }
}

/** What `--help` prints. */
export function helpText(): string {
  const variables = Object.entries<ConfigVariable>(CONFIG_VARIABLES).map(([name, variable]) => {
    const fallback = variable.default ? ` (${variable.default})` : '';
    return `  ${name}${fallback}\n      ${variable.meaning.replaceAll('`', '')}`;
  });
  return [
    'Keypool holds API keys and decides, call by call, which key may be used by whom.',
    '',
    'npm start                 serve',
    'npm start -- --demo       serve, put in a tier, three keys and a consumer, and print how to draw',
    'npm start -- --processes 4',
    '                          serve by 4 processes that share the port (auto: one per core), on MongoDB',
    'npm start -- --help       this',
    '',
    'Environment variables (default), durations as 500ms, 30s, 5m, 1h:',
    '',
    ...variables,
  ].join('\n');
}
