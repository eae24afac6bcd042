/** Names of Services and pods, for clients that run beside the cluster instead of in it. */
import dns, { type LookupAddress } from 'node:dns';

/** As in the search path of a pod. */
const DOMAIN = '.cluster.local';

/** From now on gRPC clients of this process find `….svc` by the name server of the cluster; everything else as before. */
export function useClusterNames(nameServer: string): void {
  const resolver = new dns.promises.Resolver({ timeout: 2_000, tries: 3 });
  resolver.setServers([nameServer]);
  const elsewhere = dns.promises.lookup;
  const lookup = async (
    host: string,
    options: object,
  ): Promise<LookupAddress[] | LookupAddress> => {
    if (!host.endsWith('.svc')) return await elsewhere(host, options);
    const addresses = await resolver.resolve4(host + DOMAIN);
    return addresses.map((address) => ({ address, family: 4 }));
  };
  Object.assign(dns.promises, { lookup });
}
