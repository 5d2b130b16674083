import manifest from '../../package.json' with { type: 'json' };

/** The options that `npm start` gives to Node, before the module that it runs. */
export function startOptions(): readonly string[] {
  const [command, ...args] = manifest.scripts.start.split(' ');
  if (command !== 'node' || args.at(-1) !== 'src/main.ts')
    throw new Error(`npm start is no Node that runs src/main.ts: ${manifest.scripts.start}`);
  return args.slice(0, -1);
}
