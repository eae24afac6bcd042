/** The gRPC contract as definitions that a server and a client load. Decoded int64 are numbers: check them with `ids.ts`. */
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import type { INamespace } from 'protobufjs';
import { fileDescriptors } from '../gen/file-descriptors.ts';
import { descriptor } from '../gen/descriptor.ts';

export const packageDefinition: PackageDefinition = fromJSON(descriptor as INamespace, {
  longs: Number,
  enums: Number,
  defaults: true,
  arrays: true,
  oneofs: true,
});

/** Definitions as reflection shows them: with the files of this contract and the health service's as they were compiled. */
export function reflectionDefinition(definitions: PackageDefinition): PackageDefinition {
  const fileDescriptorProtos = fileDescriptors.map((file) => Buffer.from(file, 'base64'));
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => {
      if ('format' in definition) return [name, { ...definition, fileDescriptorProtos }];
      const methods = Object.entries(definition).map(
        ([method, { requestType, responseType, ...rest }]) => [
          method,
          {
            ...rest,
            requestType: { ...requestType, fileDescriptorProtos },
            responseType: { ...responseType, fileDescriptorProtos },
          },
        ],
      );
      return [name, Object.fromEntries(methods)];
    }),
  );
}
