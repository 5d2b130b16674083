import type { ConnectRouter } from '@connectrpc/connect';
import { file_google_rpc_error_details } from '../../../gen/google/rpc/error_details_pb.ts';
import { file_google_rpc_status } from '../../../gen/google/rpc/status_pb.ts';
import { Health } from '../../../gen/grpc/health/v1/health_pb.ts';
import { ServerReflection } from '../../../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ServerReflectionAlpha } from '../../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { KeyPoolService } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { answerReflection } from './answer.ts';
import { createDescriptors } from './descriptors.ts';
import { createQuestionStreams } from './question-streams.ts';

/** Server reflection, v1 and the older v1alpha that many tools still ask for: what this port serves, and its types. Streams end at shutdown. */
export function reflectionRoutes(shutdown: AbortSignal): (router: ConnectRouter) => void {
  const descriptors = createDescriptors(
    [KeyPoolService, AuthService, AdminService, Health, ServerReflection, ServerReflectionAlpha],
    [file_google_rpc_error_details, file_google_rpc_status],
  );
  const questions = createQuestionStreams(shutdown);
  return (router) => {
    router.service(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const request of questions(requests))
          yield {
            validHost: request.host,
            originalRequest: request,
            messageResponse: answerReflection(descriptors, request.messageRequest),
          };
      },
    });
    router.service(ServerReflectionAlpha, {
      async *serverReflectionInfo(requests) {
        for await (const request of questions(requests))
          yield {
            validHost: request.host,
            originalRequest: request,
            messageResponse: answerReflection(descriptors, request.messageRequest),
          };
      },
    });
  };
}
