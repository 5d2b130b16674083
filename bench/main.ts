import { cpus } from 'node:os';
import { benchPlan, SECTION_NAMES, type SectionName } from './plan.ts';
import { markdown } from './report/table.ts';
import { progress, type Section } from './section.ts';
import { large } from './sections/large.ts';
import { memory } from './sections/memory.ts';
import { oneCaller } from './sections/one-caller.ts';
import { outcomes } from './sections/outcomes.ts';
import { recovery } from './sections/recovery.ts';
import { revocation } from './sections/revocation.ts';
import { tail } from './sections/tail.ts';
import { throughput } from './sections/throughput.ts';
import { verify } from './sections/verify.ts';
import { waiting } from './sections/waiting.ts';

const SECTIONS: Readonly<Record<SectionName, Section>> = {
  throughput,
  'one-caller': oneCaller,
  verify,
  outcomes,
  waiting,
  tail,
  large,
  memory,
  revocation,
  recovery,
};

const plan = benchPlan(process.argv.slice(2));
progress(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
for (const name of SECTION_NAMES.filter((candidate) => plan.only.includes(candidate))) {
  progress(`— ${name}`);
  for (const table of await SECTIONS[name](plan)) console.log(markdown(table));
}
process.exit(0);
