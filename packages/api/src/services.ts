/** The gRPC contract as definitions that a server and a client load. Decoded int64 are numbers: check them with `ids.ts`. */
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import type { INamespace } from 'protobufjs';
import { descriptor } from '../gen/descriptor.ts';

export const packageDefinition: PackageDefinition = fromJSON(descriptor as INamespace, {
  longs: Number,
  enums: Number,
  defaults: true,
  arrays: true,
  oneofs: true,
});
