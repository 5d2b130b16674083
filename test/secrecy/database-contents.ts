import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';

/** One piece of what a database has stored, with a name for people. */
export type Contents = { readonly name: string; readonly bytes: Uint8Array };

/** Every file below a folder. */
export async function filesIn(folder: string): Promise<Contents[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (name) => ({ name, bytes: written(await readFile(name)) })));
}

const ZEROS = Buffer.alloc(65_536);

/** Without the zeros at the end of a file that was made larger than it is full. */
function written(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end >= ZEROS.length && bytes.subarray(end - ZEROS.length, end).equals(ZEROS)) end -= ZEROS.length;
  return bytes.subarray(0, end);
}

/** All that a mongod has: its files after a checkpoint, and every document of every database, the oplog's too. */
export async function mongodContents(uri: string): Promise<Contents[]> {
  const client = await MongoClient.connect(uri);
  try {
    const documents: Contents[] = [];
    const { databases } = await client.db().admin().listDatabases();
    for (const { name } of databases)
      for (const { name: collection } of await client
        .db(name)
        .listCollections({ type: 'collection' })
        .toArray()) {
        const rows: Uint8Array[] = [];
        for await (const row of client.db(name).collection(collection).find({}, { raw: true }))
          rows.push(Buffer.from(Object(row)));
        documents.push({ name: `${name}.${collection}`, bytes: Buffer.concat(rows) });
      }
    const admin = client.db('admin');
    await admin.command({ fsync: 1 });
    const { parsed } = await admin.command({ getCmdLineOpts: 1 });
    return [...documents, ...(await filesIn(parsed.storage.dbPath))];
  } finally {
    await client.close();
  }
}
