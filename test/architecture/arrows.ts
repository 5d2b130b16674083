import type { Import, SourceFile } from './source-files.ts';

const STORE_CONTRACT = ['src/store/port.ts', 'src/store/errors.ts'];
const DRIVERS = ['node:sqlite', 'mongodb', 'bson'];
const GENERATED = 'gen/';

type Zone = {
  /** The zone's files: a folder ending in `/`, or single files. */
  readonly files: readonly string[];
  /** What they may import in the repository, besides each other. */
  readonly mayImport: readonly string[];
  /** The packages they may import; without it, all but drivers. A name ending in `/` stands for its scope. */
  readonly packages?: readonly string[];
  readonly drivers?: readonly string[];
};

/** The arrows: transport → domain → store port ← adapters, and all may use the model. */
const ZONES: readonly Zone[] = [
  { files: ['src/model/'], mayImport: [], packages: ['node:crypto'] },
  { files: [...STORE_CONTRACT, 'src/store/port/'], mayImport: ['src/model/'], packages: [] },
  {
    files: ['src/domain/'],
    mayImport: ['src/model/', ...STORE_CONTRACT],
    packages: ['node:crypto', 'jose', 'lru-cache', 'uuid'],
  },
  {
    files: ['src/identity/'],
    mayImport: ['src/domain/', 'src/model/'],
    packages: ['node:crypto', 'node:vm', '@bufbuild/cel', 'cockatiel'],
  },
  {
    files: ['src/alerts/'],
    mayImport: ['src/domain/', 'src/model/'],
    packages: ['node:dns', 'node:http', 'node:https', 'node:net', 'cockatiel'],
  },
  { files: ['src/store/sqlite/'], mayImport: ['src/model/', ...STORE_CONTRACT], drivers: ['node:sqlite'] },
  {
    files: ['src/store/mongodb/'],
    mayImport: ['src/model/', ...STORE_CONTRACT],
    drivers: ['mongodb', 'bson'],
  },
  { files: ['src/transport/'], mayImport: ['src/domain/', 'src/model/', GENERATED] },
  {
    files: ['src/process/'],
    mayImport: [
      'src/admin-token.ts',
      'src/app.ts',
      'src/banner.ts',
      'src/config.ts',
      'src/config-values.ts',
      'src/demo.ts',
      'src/listen-error.ts',
      'src/logging.ts',
      'src/start-error.ts',
      'src/start-failure.ts',
      'src/worker.ts',
      'src/transport/server/options.ts',
    ],
    packages: ['node:child_process', 'node:net', 'node:timers/promises', 'node:url', 'zod'],
  },
  { files: ['src/client/'], mayImport: [GENERATED], packages: ['@connectrpc/', '@bufbuild/protobuf'] },
];

const COMPOSITION_FILE = /^src\/[^/]+\.ts$/;
const COMPOSITION: Zone = { files: [], mayImport: ['src/'] };

/** One sentence for each import of the file that goes another way than the arrows. */
export function wrongArrows(file: SourceFile): string[] {
  const zone = zoneOf(file.path);
  if (zone === undefined) return [`${file.path} stands in no known folder of src`];
  return file.imports
    .filter((target) => !isAllowed(zone, target))
    .map((target) => `${file.path} → ${target.kind === 'file' ? target.path : target.name}`);
}

function zoneOf(path: string): Zone | undefined {
  const zone = ZONES.find(({ files }) => covers(files, path));
  return zone ?? (COMPOSITION_FILE.test(path) ? COMPOSITION : undefined);
}

function isAllowed(zone: Zone, target: Import): boolean {
  if (target.kind === 'file') return covers([...zone.files, ...zone.mayImport], target.path);
  if (DRIVERS.includes(target.name)) return zone.drivers?.includes(target.name) ?? false;
  return zone.packages === undefined || covers(zone.packages, target.name);
}

function covers(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern));
}
