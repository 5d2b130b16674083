/*
 * Writes third_party/proto, the imports of the contract, from the installed npm packages; with --check only compares
 * and fails on a difference. Either way it proves the printed file: compiled, it gives the descriptor it came from.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, equals, fromBinary } from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { bufOutput, THIRD_PARTY } from './buf.ts';
import { differences, readFolder } from './folder.ts';
import { thirdPartyFiles } from './third-party.ts';

/** Without what a compiler adds to tell where things stood. */
function bare(file: FileDescriptorProto): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, { ...file, sourceCodeInfo: undefined });
}

/** Null when the printed file compiles to the descriptor it was printed from, else what is wrong. */
async function unproven(): Promise<string | null> {
  const image = await bufOutput('build', 'third_party/proto', '--as-file-descriptor-set', '-o', '-');
  const original = file_buf_validate_validate.proto;
  const compiled = fromBinary(FileDescriptorSetSchema, image).file.find(
    (file) => file.name === original.name,
  );
  if (compiled !== undefined && equals(FileDescriptorProtoSchema, bare(compiled), bare(original)))
    return null;
  return `${original.name}: what was printed is not what the package says; print-proto.ts does not know all of it`;
}

/** Differences between third_party/proto and the packages, one line each; empty when there are none. */
export async function checkThirdParty(): Promise<string[]> {
  const stale = differences(await thirdPartyFiles(), await readFolder(THIRD_PARTY));
  if (stale.length > 0) return [...stale, 'run: node scripts/proto/write-third-party.ts'];
  const wrong = await unproven();
  return wrong === null ? [] : [wrong];
}

async function writeThirdParty(): Promise<void> {
  await rm(THIRD_PARTY, { recursive: true, force: true });
  for (const [path, text] of await thirdPartyFiles()) {
    const target = join(THIRD_PARTY, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--check')) await writeThirdParty();
  const problems = await checkThirdParty();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
