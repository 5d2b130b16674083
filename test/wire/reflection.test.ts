import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { ServerReflection } from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ServerReflectionAlpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { addPool, type Pool, type Served, serve } from './served.ts';

const run = promisify(execFile);
const BUF = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'buf');
const NOT_FOUND = 5;

type Question =
  | {
      readonly case: 'fileByFilename' | 'fileContainingSymbol' | 'listServices' | 'allExtensionNumbersOfType';
      readonly value: string;
    }
  | {
      readonly case: 'fileContainingExtension';
      readonly value: { readonly containingType: string; readonly extensionNumber: number };
    };

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

describe('reflection', () => {
  let served: Served;
  let pool: Pool;
  before(async () => {
    served = await serve();
    pool = await addPool(served);
  });
  after(() => served.close());

  for (const protocol of ['connect', 'grpc', 'grpcweb'])
    it(`lets buf curl draw over ${protocol} knowing nothing`, async () => {
      const url = `${served.url}/keypool.v1.KeyPoolService/DrawKey`;
      const data = JSON.stringify({ feature: pool.feature });
      const auth = `Authorization: Bearer ${pool.token}`;
      const args = ['curl', '--http2-prior-knowledge', '--protocol', protocol, '-H', auth, '-d', data, url];
      const { stdout } = await run(BUF, args);
      assert.equal(JSON.parse(stdout).value, pool.value);
    });

  /** Asks all at once, and gives each answer with the question it names. */
  async function ask(version: 'v1' | 'v1alpha', questions: readonly Question[]) {
    const transport = createGrpcTransport({ baseUrl: served.url });
    const asked = questions.map((messageRequest) => ({ host: 'here', messageRequest }));
    const stream =
      version === 'v1'
        ? createClient(ServerReflection, transport).serverReflectionInfo(each(asked))
        : createClient(ServerReflectionAlpha, transport).serverReflectionInfo(each(asked));
    const answers = [];
    for await (const { messageResponse, originalRequest, validHost } of stream) {
      assert.equal(validHost, 'here');
      answers.push({ answer: messageResponse, asked: originalRequest?.messageRequest.case });
    }
    return answers;
  }

  for (const version of ['v1', 'v1alpha'] as const) {
    it(`${version} lists the services`, async () => {
      const [{ answer } = { answer: null }] = await ask(version, [{ case: 'listServices', value: '' }]);
      assert.ok(answer?.case === 'listServicesResponse');
      assert.deepEqual(
        answer.value.service.map(({ name }) => name),
        [
          'grpc.health.v1.Health',
          'grpc.reflection.v1.ServerReflection',
          'grpc.reflection.v1alpha.ServerReflection',
          'keypool.v1.AdminService',
          'keypool.v1.AuthService',
          'keypool.v1.KeyPoolService',
        ],
      );
    });

    it(`${version} gives files by name, symbol and extension, whole with their imports`, async () => {
      const symbols = [
        'keypool.v1.KeyPoolService',
        'keypool.v1.KeyPoolService.DrawKey',
        'keypool.v1.DrawKeyRequest',
        'keypool.v1.DrawKeyRequest.feature',
        'keypool.v1.KeyState',
        'keypool.v1.KEY_STATE_ACTIVE',
        'google.rpc.ErrorInfo',
        'buf.validate.field',
      ];
      const answers = await ask(version, [
        { case: 'fileByFilename', value: 'keypool/v1/admin_service.proto' },
        ...symbols.map((value) => ({ case: 'fileContainingSymbol' as const, value })),
        {
          case: 'fileContainingExtension',
          value: { containingType: 'google.protobuf.FieldOptions', extensionNumber: 1159 },
        },
      ]);
      for (const { answer } of answers) {
        assert.ok(answer.case === 'fileDescriptorResponse');
        const files = answer.value.fileDescriptorProto.map((bytes) =>
          fromBinary(FileDescriptorProtoSchema, bytes),
        );
        const names = new Set(files.map(({ name }) => name));
        for (const { dependency } of files) for (const name of dependency) assert.ok(names.has(name), name);
      }
    });

    it(`${version} gives the numbers of a type's extensions`, async () => {
      const [{ answer } = { answer: null }] = await ask(version, [
        { case: 'allExtensionNumbersOfType', value: 'google.protobuf.FieldOptions' },
      ]);
      assert.ok(answer?.case === 'allExtensionNumbersResponse');
      assert.ok(answer.value.extensionNumber.includes(1159));
    });

    it(`${version} answers each question of a stream, also what it cannot`, async () => {
      const questions: readonly Question[] = [
        { case: 'fileByFilename', value: 'no/such.proto' },
        { case: 'fileContainingSymbol', value: 'no.Such' },
        { case: 'listServices', value: '*' },
        { case: 'allExtensionNumbersOfType', value: 'no.Such' },
        { case: 'fileContainingExtension', value: { containingType: 'no.Such', extensionNumber: 1 } },
      ];
      const answers = await ask(version, questions);
      assert.deepEqual(
        answers.map(({ asked }) => asked),
        questions.map((question) => question.case),
      );
      const codes = answers.map(({ answer }) =>
        answer.case === 'errorResponse' ? answer.value.errorCode : 0,
      );
      assert.deepEqual(codes, [NOT_FOUND, NOT_FOUND, 0, NOT_FOUND, NOT_FOUND]);
    });
  }
});
