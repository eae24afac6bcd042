/** What the programs of a node read. */
import { join } from 'node:path';
import { PAUSE_IMAGE } from './binaries.ts';

/** Of this machine, for pods: the API server, the node and the name server listen there. */
export const NODE_HOST = '10.245.0.1';
/** Sockets and state that does not outlive a boot; short, because paths of sockets are. Also named in remove-node.sh. */
export const RUN = '/run/streamhouse-kube';
export const STATE = '/var/lib/streamhouse-kube';
export const SOCKET: string = join(RUN, 'containerd.sock');
const POD_RANGE = '10.245.0.0/24';
const DOMAIN = 'cluster.local';

/** TOML. All mounts are below the two folders. */
export function containerdConfig(plugins: string): string {
  return `version = 2
root = "${STATE}/containerd"
state = "${RUN}/state"
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${STATE}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${RUN}/runc"
`;
}

/** A network for CNI. */
export function networkConfig(bridge: string): object {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: POD_RANGE }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: join(RUN, 'addresses'),
  };
  const plugin = { type: 'bridge', bridge, isGateway: true, hairpinMode: true, ipam };
  return { cniVersion: '1.0.0', name: 'streamhouse', plugins: [plugin] };
}

/** `client` is the certificate that the API server shows. */
export function kubeletConfig(client: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, x509: { clientCAFile: client } },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${SOCKET}`,
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    address: NODE_HOST,
    healthzPort: 0,
    clusterDNS: [NODE_HOST],
    clusterDomain: DOMAIN,
    podLogsDir: join(STATE, 'logs'),
    // Someone else's full disk is not what is tested.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
}

export function proxyConfig(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    hostnameOverride: 'local',
    mode: 'iptables',
    // Replies of a service's pod to another pod have to come back through this machine.
    iptables: { masqueradeAll: true, localhostNodePorts: false },
    nodePortAddresses: [`${NODE_HOST}/32`],
    // Leaves the machine's own settings alone.
    conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: '0s', tcpEstablishedTimeout: '0s' },
    healthzBindAddress: `${NODE_HOST}:10256`,
    metricsBindAddress: `${NODE_HOST}:10249`,
  };
}

/** A Corefile. */
export function dnsConfig(kubeconfig: string): string {
  return `. {
  bind ${NODE_HOST}
  errors
  kubernetes ${DOMAIN} in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 1
  }
}
`;
}
