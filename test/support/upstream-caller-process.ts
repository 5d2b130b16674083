/* Callers in a process of their own: reads what they do as JSON from standard input, writes what they did to its output. */
import { json } from 'node:stream/consumers';
import { runUpstreamCallers, type UpstreamCallers } from './upstream-callers.ts';

const plan = (await json(process.stdin)) as UpstreamCallers;
process.stdout.write(JSON.stringify(await runUpstreamCallers(plan)));
