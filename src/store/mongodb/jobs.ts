import type { Job } from '../../model/job.ts';
import type { MaintenanceStore } from '../port.ts';
import type { JobDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { placePipeline } from './job-pipeline.ts';
import { placeSmartKeys } from './place-keys.ts';
import { STORE_NOW } from './take-pipeline.ts';
import { fromTierDocument } from './tiers.ts';

const DONE_SHOWN_MS = 3_600_000;
const JOBS_SHOWN_MAX = 100;

export function createJobs(context: MongoContext): Pick<MaintenanceStore, 'listJobs' | 'runJobStep'> {
  return {
    listJobs: () => atEdge(() => listJobs(context)),
    runJobStep: async (batch) => {
      const job = await atEdge(() => runJobStep(context, batch));
      if (job !== null) context.freed(job.tierId);
      return job;
    },
  };
}

function toJob({ _id, features: _features, doneAt: _doneAt, ...job }: JobDocument): Job {
  return { id: _id, ...job };
}

async function listJobs(context: MongoContext): Promise<Job[]> {
  const since = new Date(storeNow(context) - DONE_SHOWN_MS);
  const documents = await context.rows.jobs
    .find({ $or: [{ state: 'running' }, { doneAt: { $gt: since } }] })
    .sort({ createdAt: -1, _id: -1 })
    .limit(JOBS_SHOWN_MAX)
    .toArray();
  return documents.map(toJob);
}

/** A batch is chosen and updated by what the rows say, so several processes may do it at once, and one may die. */
async function runJobStep(context: MongoContext, batch: number): Promise<Job | null> {
  const { jobs, tiers, keys } = context.rows;
  // Jobs take turns, so that a small one does not wait behind a big one.
  const job = await jobs.findOne({ state: 'running' }, { sort: { updatedAt: 1, createdAt: 1 } });
  if (job === null) return null;
  const tier = await tiers.findOne({ _id: job.tierId });
  if (tier === null) return finish(context, job);
  const behind = { tierId: job.tierId, placed: { $lt: job.revision } };
  const found = await keys
    .find(behind, { readConcern: { level: 'local' } })
    .project<{ _id: string; smart?: true }>({ smart: 1 })
    .hint({ tierId: 1, placed: 1 })
    .limit(batch)
    .toArray();
  if (found.length === 0) return finish(context, job);
  const after = fromTierDocument(tier);
  // The rank for what remains is worked out here.
  const isByRemaining = after.policy.strategy === 'most_remaining';
  const others = found.filter(({ smart }) => isByRemaining || smart === true).map(({ _id }) => _id);
  const byPipeline = found.map(({ _id }) => _id).filter((id) => !others.includes(id));
  const { modifiedCount: plain } = await keys.updateMany(
    { ...behind, smart: { $exists: false }, _id: { $in: byPipeline } },
    placePipeline(after, job.features, STORE_NOW, context.options.newId()),
  );
  const modifiedCount = plain + (await placeSmartKeys(context, after, others));
  context.ahead.clear();
  const progressed = await jobs.findOneAndUpdate(
    { _id: job._id },
    { $inc: { done: modifiedCount }, $set: { updatedAt: storeNow(context) } },
    { returnDocument: 'after' },
  );
  return toJob(progressed ?? job);
}

async function finish(context: MongoContext, job: JobDocument): Promise<Job> {
  const now = storeNow(context);
  const finished = await context.rows.jobs.findOneAndUpdate(
    { _id: job._id, state: 'running' },
    { $set: { state: 'done', updatedAt: now, doneAt: new Date(now) } },
    { returnDocument: 'after' },
  );
  return toJob(finished ?? { ...job, state: 'done' });
}
