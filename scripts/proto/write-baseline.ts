/* At each release: makes the contract as it stands what `buf breaking` compares later changes with. */
import { BASELINE, bufOutput } from './buf.ts';

await bufOutput('build', 'proto', '--exclude-source-info', '-o', BASELINE);
