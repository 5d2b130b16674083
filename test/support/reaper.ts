import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT =
  'trap "" INT TERM HUP; read -r _; kill -9 "$1" 2>/dev/null; sleep 0.1; [ -z "$2" ] || rm -rf "$2"';

/**
 * Ends `child` with this process, however that goes (a crash or SIGKILL runs no exit handler), and removes
 * `folder` then. It stands by as a shell whose standard input closes when this process is gone.
 */
export function endWithThisProcess(child: ChildProcess, folder = ''): void {
  const reaper = spawn('sh', ['-c', SCRIPT, 'sh', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.once('exit', () => reaper.kill('SIGKILL'));
  unref(reaper);
}

/** Lets this process end although the child still runs. */
export function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) {
    if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
}
