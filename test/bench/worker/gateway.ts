import { latencyRule } from '../../harness/s3-gateway/fault.ts';
import { type S3Gateway, startS3Gateway } from '../../harness/s3-gateway/gateway.ts';
import type { GatewayPlace, GatewayTask } from './protocol.ts';

const PLACE = { bucket: 'bench', accessKeyId: 'bench', secretAccessKey: 'bench-secret' } as const;
const SEED = 1;

export class GatewayWorker implements AsyncDisposable {
  readonly #gateway: S3Gateway;

  private constructor(gateway: S3Gateway) {
    this.#gateway = gateway;
  }

  static async start({ root, putLatency }: GatewayTask): Promise<GatewayWorker> {
    const rules = putLatency && latencyRule({ ...putLatency, seed: SEED });
    return new GatewayWorker(
      await startS3Gateway({ root, port: 0, ...PLACE, ...(rules === undefined ? {} : { rules }) }),
    );
  }

  get place(): GatewayPlace {
    return { url: this.#gateway.url, ...PLACE };
  }

  get puts(): number {
    return this.#gateway.counters.PutObject['OK']?.requests ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway[Symbol.asyncDispose]();
  }
}
