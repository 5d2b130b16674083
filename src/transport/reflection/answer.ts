import { Code } from '@connectrpc/connect';
import type { ServerReflectionRequest } from '../../../gen/grpc/reflection/v1/reflection_pb.ts';
import type { ServerReflectionRequest as ServerReflectionRequestAlpha } from '../../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import type { Descriptors } from './descriptors.ts';

/** What is asked; v1 and v1alpha ask the same. */
export type ReflectionQuestion = (ServerReflectionRequest | ServerReflectionRequestAlpha)['messageRequest'];

function failure(errorCode: Code, errorMessage: string) {
  return { case: 'errorResponse' as const, value: { errorCode, errorMessage } };
}

function files(found: readonly Uint8Array[] | null, what: string) {
  if (found === null) return failure(Code.NotFound, `not found: ${what}`);
  return { case: 'fileDescriptorResponse' as const, value: { fileDescriptorProto: [...found] } };
}

/** One answer to one question, in the form that v1 and v1alpha share. */
export function answerReflection(descriptors: Descriptors, question: ReflectionQuestion) {
  switch (question.case) {
    case 'listServices': {
      const service = descriptors.services.map((name) => ({ name }));
      return { case: 'listServicesResponse' as const, value: { service } };
    }
    case 'fileByFilename':
      return files(descriptors.byFilename(question.value), question.value);
    case 'fileContainingSymbol':
      return files(descriptors.bySymbol(question.value), question.value);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = question.value;
      return files(
        descriptors.byExtension(containingType, extensionNumber),
        `extension ${extensionNumber} of ${containingType}`,
      );
    }
    case 'allExtensionNumbersOfType': {
      const numbers = descriptors.extensionNumbers(question.value);
      if (numbers === null) return failure(Code.NotFound, `not found: ${question.value}`);
      const value = { baseTypeName: question.value, extensionNumber: [...numbers] };
      return { case: 'allExtensionNumbersResponse' as const, value };
    }
    default:
      return failure(Code.InvalidArgument, 'ask for a file, a symbol, an extension or the services');
  }
}
