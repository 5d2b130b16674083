import { readFile } from 'node:fs/promises';

/** Ticks of the times in `/proc/<pid>/stat`: `sysconf(_SC_CLK_TCK)`, 100 on every Linux of today (proc(5)). */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** Resident memory of a process now and at its highest, in MiB. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly highest: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / KIB_PER_MIB;
  return { now: mib('VmRSS'), highest: mib('VmHWM') };
}

/** CPU time that a process has used, user and system, in ms. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
