import { startKeypool } from './keypool.ts';
import type { Subject } from './subject.ts';

/** Starts a server, and tells how long it took from the start of its process until `/readyz` said so. */
export async function startReady(
  databaseUrl: string,
): Promise<{ readonly server: Subject; readonly readyMs: number }> {
  const server = await startKeypool(databaseUrl);
  const listeningAt = performance.now();
  const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
  if (answer.status !== 200) throw new Error(`/readyz answered ${answer.status}`);
  return { server, readyMs: server.listeningMs + performance.now() - listeningAt };
}
