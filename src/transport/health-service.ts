import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectRouter } from '@connectrpc/connect';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.ts';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { KeypoolError } from '../domain/errors.ts';
import type { Health as HealthSource } from './health.ts';
import { overloaded } from './refusals.ts';
import { requestInfoOf } from './request-info.ts';

/** Empty stands for the server as a whole. */
const SERVICES: readonly string[] = [
  '',
  KeyPoolService.typeName,
  AuthService.typeName,
  AdminService.typeName,
];

/** How often a watched state is looked at, in ms. */
const WATCH_MS = 1000;
/** Watches open at a time: anybody may open one, and it stays open. */
const WATCHES_MAX = 100;
const WATCHES_PER_CONNECTION_MAX = 10;

function serviceNotFound(service: string): KeypoolError {
  return new KeypoolError(
    'SERVICE_NOT_FOUND',
    `There is no service of this name. Ask for one of ${SERVICES.slice(1).join(', ')}, or for none.`,
    { metadata: { service: service.slice(0, 200) } },
  );
}

/** Resolves after a while, or at once when one of the signals fires. */
async function pause(signals: readonly AbortSignal[]): Promise<void> {
  await sleep(WATCH_MS, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => {});
}

/**
 * grpc.health.v1: all services share one store, so they are well or ill together. NOT_SERVING when the store is out of
 * reach, and from the moment at which the process begins to shut down.
 */
export function healthRoutes(health: HealthSource): (router: ConnectRouter) => void {
  let watches = 0;
  const watchesOf = new WeakMap<object, number>();

  async function status(): Promise<(typeof Serving)['SERVING' | 'NOT_SERVING']> {
    return (await health.check()).status === 'serving' ? Serving.SERVING : Serving.NOT_SERVING;
  }

  async function* watch(service: string, signal: AbortSignal) {
    const isKnown = SERVICES.includes(service);
    let told: number | null = null;
    while (!signal.aborted) {
      const ends = health.shutdown.aborted;
      const now = isKnown ? await status() : Serving.SERVICE_UNKNOWN;
      if (now !== told) yield { status: now };
      told = now;
      if (ends) return;
      await pause([signal, health.shutdown]);
    }
    throw signal.reason;
  }

  return (router) => {
    router.service(Health, {
      check: async ({ service }) => {
        if (!SERVICES.includes(service)) throw serviceNotFound(service);
        return { status: await status() };
      },
      list: async () => {
        const now = await status();
        return { statuses: Object.fromEntries(SERVICES.map((service) => [service, { status: now }])) };
      },
      watch: async function* ({ service }, { signal, values }) {
        const { connection } = requestInfoOf(values);
        const here = watchesOf.get(connection) ?? 0;
        if (watches >= WATCHES_MAX || here >= WATCHES_PER_CONNECTION_MAX) throw overloaded();
        watches += 1;
        watchesOf.set(connection, here + 1);
        try {
          yield* watch(service, signal);
        } finally {
          watches -= 1;
          watchesOf.set(connection, (watchesOf.get(connection) ?? 1) - 1);
        }
      },
    });
  };
}
