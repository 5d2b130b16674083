import { runSchedule } from '/work/main/test/simulation/run-schedule.ts';
import { scheduleOf } from '/work/main/test/simulation/schedule.ts';
import { brokenPromises } from '/work/main/test/simulation/checks.ts';
const c: Record<string, number> = {};
const add = (k: string, n = 1) => { c[k] = (c[k] ?? 0) + n; };
for (let seed = 1; seed <= 400; seed += 1) {
  const s = scheduleOf(seed); const o = await runSchedule(s);
  add('runs'); if (brokenPromises(o).length) add('broken');
  if (s.groups.length) { add('groups'); add('groupDraws', o.rows.filter((r) => s.groups[0]?.keyIds.includes(r.keyId)).length);
    for (const g of o.groups) for (const b of g.budgets) if (b.windowMs === null) { add('lifeGroups'); if (b.used >= b.limit) add('lifeGroupsSpent'); if (b.used > b.limit) add('groupDebt'); } }
  if (s.tiers.some((t) => t.policy.settleTimeoutMs !== null)) { add('held'); add('heldDraws', o.rows.length); }
  add('reports', o.rows.filter((r) => r.report).length); add('unitReports', o.rows.filter((r) => r.report && r.report.units !== null && r.report.units !== r.units).length);
  add('failures', o.keys.reduce((n, k) => n + (k.health.failures.upstream_error ?? 0), 0)); add('rows', o.rows.length); add('left', o.left.length); add('undrained', o.isDrained ? 0 : 1);
}
console.log(c);
