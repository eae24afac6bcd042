/** Rules of the S3 gateway that come and go one by one, and what they did. */
import type { Fault, FaultRule, GatewayRequest } from '../../harness/s3-gateway/fault.ts';
import type { S3Gateway } from '../../harness/s3-gateway/gateway.ts';

export interface AppliedRule extends Disposable {
  /** Requests that met it so far. */
  readonly applied: number;
}

export class S3Faults {
  readonly gateway: S3Gateway;
  readonly #rules = new Set<FaultRule>();

  constructor(gateway: S3Gateway) {
    this.gateway = gateway;
    gateway.setRules((request) => this.#faultFor(request));
  }

  /** Applies to objects with records, not to the probe of a start. Dispose takes it away. */
  add(rule: FaultRule): AppliedRule {
    let applied = 0;
    const counting: FaultRule = (request) => {
      if (request.key?.includes('/wal/') !== true) return undefined;
      const fault = rule(request);
      if (fault !== undefined) applied++;
      return fault;
    };
    this.#rules.add(counting);
    return {
      get applied() {
        return applied;
      },
      [Symbol.dispose]: () => void this.#rules.delete(counting),
    };
  }

  /** Requests of all kinds that ended so. */
  counted(outcome: string): number {
    const counters = Object.values(this.gateway.counters);
    return counters.reduce((sum, outcomes) => sum + (outcomes[outcome]?.requests ?? 0), 0);
  }

  #faultFor(request: GatewayRequest): Fault | undefined {
    for (const rule of this.#rules) {
      const fault = rule(request);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}
