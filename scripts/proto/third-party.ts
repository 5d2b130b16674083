import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createRegistry } from '@bufbuild/protobuf';
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { printProto } from './print-proto.ts';

const require = createRequire(import.meta.url);

/** The folder of an installed package, also where its exports hide package.json. */
function packageFolder(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')));
    } catch {
      // Not in this folder: ask the next.
    }
  }
  throw new Error(`${name} is not installed: run npm ci`);
}

/** Files that a package carries as they are: path below third_party/proto, package, path in the package. */
const COPIED = [
  ['google/rpc/error_details.proto', 'google-proto-files', 'google/rpc/error_details.proto'],
  ['google/rpc/status.proto', 'google-proto-files', 'google/rpc/status.proto'],
  ['grpc/health/v1/health.proto', 'grpc-health-check', 'proto/health/v1/health.proto'],
  [
    'grpc/reflection/v1/reflection.proto',
    '@grpc/reflection',
    'build/proto/grpc/reflection/v1/reflection.proto',
  ],
  [
    'grpc/reflection/v1alpha/reflection.proto',
    '@grpc/reflection',
    'build/proto/grpc/reflection/v1alpha/reflection.proto',
  ],
] as const;

const VALIDATE_HEADER = `// Printed from the descriptor in the npm package @bufbuild/protovalidate, without its comments.
//
// Copyright 2023-2026 Buf Technologies, Inc.
// Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0

`;

/** Every file of third_party/proto by its path there, as the installed npm packages have it. */
export async function thirdPartyFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const validate = file_buf_validate_validate;
  files.set(validate.proto.name, VALIDATE_HEADER + printProto(validate.proto, createRegistry(validate)));
  for (const [path, name, source] of COPIED) {
    files.set(path, await readFile(join(packageFolder(name), source), 'utf8'));
  }
  return files;
}
