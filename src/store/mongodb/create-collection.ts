import { type Db, MongoServerError } from 'mongodb';

const NAMESPACE_EXISTS = 48;

/** Creates a collection unless it is there: before transactions use it, where creating one conflicts with others. */
export async function createCollection(db: Db, name: string): Promise<void> {
  await db.createCollection(name).catch((error: unknown) => {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  });
}
