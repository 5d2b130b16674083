import { DatabaseSync } from 'node:sqlite';
import { quantile } from '../report/statistics.ts';
import { readInput, writeOutput } from '../server/script.ts';

export interface CommitsPlan {
  /** A new file, on the disk of the measured database. */
  readonly file: string;
  readonly measureMs: number;
}

const WARM_UP_ROUNDS = 50;

/** The median (µs) of what one draw has to wait for at least: one small insert, committed and synced. */
function measure({ file, measureMs }: CommitsPlan): number {
  using db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  db.exec('CREATE TABLE rows (no INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL)');
  const insert = db.prepare('INSERT INTO rows (at, text) VALUES (?, ?)');
  const commits: number[] = [];
  let endAt = Infinity;
  for (let round = 0; performance.now() < endAt; round += 1) {
    const beganAt = performance.now();
    insert.run(Date.now(), 'about as much text as the audit row of a draw holds');
    if (round === WARM_UP_ROUNDS) endAt = beganAt + measureMs;
    if (round > WARM_UP_ROUNDS) commits.push((performance.now() - beganAt) * 1000);
  }
  return quantile(commits, 0.5);
}

writeOutput<number>(measure(await readInput<CommitsPlan>()));
