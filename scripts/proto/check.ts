/* Everything that has to hold for the contract, with no network: all of it is run, each failure said, exit 1 on any. */
import { BASELINE, buf } from './buf.ts';
import { checkDrift } from './check-drift.ts';
import { checkThirdParty } from './write-third-party.ts';

interface Check {
  readonly name: string;
  /** What is wrong and what to do, for people; empty when it holds. */
  readonly run: () => Promise<string>;
}

function bufCheck(hint: string, ...args: readonly string[]): Check {
  return {
    name: `buf ${args.join(' ')}`,
    run: async () => {
      const result = await buf(...args);
      return result.ok ? '' : `${result.text}\n${hint}`;
    },
  };
}

const CHECKS: readonly Check[] = [
  { name: 'third_party/proto', run: async () => (await checkThirdParty()).join('\n') },
  bufCheck('change the contract until it passes', 'lint'),
  bufCheck('run: npx buf format -w proto', 'format', 'proto', '--diff', '--exit-code'),
  bufCheck(
    'clients in use would break: add instead of changing',
    'breaking',
    'proto',
    '--exclude-imports',
    '--against',
    BASELINE,
  ),
  { name: 'gen', run: async () => (await checkDrift()).join('\n') },
];

for (const check of CHECKS) {
  const wrong = await check.run();
  console.log(`${wrong === '' ? 'ok  ' : 'FAIL'} ${check.name}`);
  if (wrong === '') continue;
  console.error(wrong.replaceAll(/^/gm, '     '));
  process.exitCode = 1;
}
