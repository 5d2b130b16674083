import { type Client, createClient, createRouterTransport } from '@connectrpc/connect';
import { AdminService } from '../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { routerOptions } from '../../src/transport/router.ts';
import { createRoutes } from '../../src/transport/routes.ts';
import { type Served, serve } from '../wire/served.ts';

const MAX_BYTES = 1_000_000;

/** Typed clients of the real routes over a real store, with no socket between them. */
export interface InMemory extends AsyncDisposable {
  readonly served: Served;
  /** With the root token unless another is given. */
  readonly clients: (token?: string) => {
    readonly admin: Client<typeof AdminService>;
    readonly auth: Client<typeof AuthService>;
    readonly pool: Client<typeof KeyPoolService>;
  };
}

export async function inMemory(): Promise<InMemory> {
  const served = await serve();
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const clients = (token = served.adminToken) => {
    const transport = createRouterTransport(createRoutes(served.context), {
      router: routerOptions(served.context, silent, MAX_BYTES),
      transport: {
        interceptors: [
          (next) => (request) => {
            request.header.set('Authorization', `Bearer ${token}`);
            return next(request);
          },
        ],
      },
    });
    return {
      admin: createClient(AdminService, transport),
      auth: createClient(AuthService, transport),
      pool: createClient(KeyPoolService, transport),
    };
  };
  return { served, clients, [Symbol.asyncDispose]: served.close };
}
