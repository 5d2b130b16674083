import type { BenchPlan } from './plan.ts';
import type { Table } from './report/table.ts';

/** Measures one thing and tells what came of it; cleans up after itself. */
export type Section = (plan: BenchPlan) => Promise<readonly Table[]>;

/** What is not measured yet but under way, for people who wait. */
export function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
