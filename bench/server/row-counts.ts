import { DatabaseSync } from 'node:sqlite';
import { type Database, onMongod, sqliteFile } from './database.ts';

function countSqlite(file: string): Map<string, number> {
  using db = new DatabaseSync(file, { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return new Map(
    tables.map(({ name }) => {
      const counted = db.prepare(`SELECT count(*) AS rows FROM "${name}"`).get();
      return [String(name), Number(counted?.rows)];
    }),
  );
}

function countMongodb(url: string): Promise<Map<string, number>> {
  return onMongod(url, async (client) => {
    const collections = await client.db().listCollections({}, { nameOnly: true }).toArray();
    const names = collections.map(({ name }) => name).sort();
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, await client.db().collection(name).estimatedDocumentCount());
    return counts;
  });
}

/** Rows of every table or collection. On SQLite no server may run: it has the file to itself. */
export async function countRows(database: Database): Promise<ReadonlyMap<string, number>> {
  return database.store === 'sqlite' ? countSqlite(sqliteFile(database)) : countMongodb(database.url);
}
