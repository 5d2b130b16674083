import { execFile } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const TOOLS = join(REPOSITORY, 'node_modules', '.bin');
const OLDEST_MAJOR = 20;

/** A project that has the packed client and its dependencies, and nothing else. */
export type Project = {
  /** Where the client was installed. */
  readonly installed: string;
  readonly write: (file: string, text: string) => void;
  /** Compiles files beside themselves, with the declarations of libraries checked; throws what the compiler says. */
  readonly compile: (module: 'nodenext' | 'bundler', files: readonly string[]) => Promise<void>;
  /** Runs a file on the oldest Node of this machine that the client promises to run on; gives what it printed. */
  readonly run: (file: string, env: Readonly<Record<string, string>>) => Promise<string>;
};

/** Packs this checkout as it would be published, and installs that in an empty project under `folder`. */
export async function installPacked(folder: string): Promise<Project> {
  const path = join(folder, 'project');
  mkdirSync(path);
  const write = (file: string, text: string) => writeFileSync(join(path, file), text);
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await execute('npm', ['pack', '--pack-destination', folder], REPOSITORY, npmEnvironment());
  const [tarball] = globSync(join(folder, '*.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  const install = ['install', tarball, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await execute('npm', install, path, npmEnvironment());
  return {
    installed: join(path, 'node_modules', 'keypool'),
    write,
    compile: async (module, files) => {
      const target = module === 'bundler' ? ['esnext', '--moduleResolution', 'bundler'] : [module];
      const strict = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022'];
      const types = ['--types', 'node', '--typeRoots', join(REPOSITORY, 'node_modules', '@types')];
      await execute(join(TOOLS, 'tsc'), [...strict, ...types, '--module', ...target, ...files], path);
    },
    run: async (file, env) => execute(await oldestNode(), [file], path, { PATH: process.env.PATH, ...env }),
  };
}

/** What `npm test` tells its scripts of this checkout would send npm to the wrong project. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const isOfThisCheckout =
    /^(?:npm_(?:package_|lifecycle_|config_(?:local_prefix|prefix|include)$)|INIT_CWD)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfThisCheckout.test(name)));
}

async function oldestNode(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const programs = [...folders.flatMap((folder) => globSync(join(folder, 'node'))), process.execPath];
  const versions = await Promise.all(
    programs.map(async (program) => ({ program, major: majorOf(await execute(program, ['--version'])) })),
  );
  const usable = versions.filter(({ major }) => major >= OLDEST_MAJOR).sort((a, b) => a.major - b.major);
  return usable[0]?.program ?? process.execPath;
}

function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? Number.NaN);
}

async function execute(
  program: string,
  args: readonly string[],
  cwd: string = REPOSITORY,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const result = await promisify(execFile)(program, args, { cwd, env }).catch((error) => {
    throw new Error(`${program} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`, { cause: error });
  });
  return result.stdout;
}
