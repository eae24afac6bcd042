export interface KubeAccess {
  /** `https://HOST:PORT`. */
  readonly server: string;
  /** What the server's certificate is checked against, PEM. */
  readonly authority: string;
  readonly token: string;
  /** Where objects are that name no namespace. */
  readonly namespace?: string;
}

/** The text of a kubeconfig with one user. JSON is YAML. */
export function kubeconfig({
  server,
  authority,
  token,
  namespace = 'default',
}: KubeAccess): string {
  const name = 'streamhouse-test';
  const certificates = Buffer.from(authority).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    clusters: [{ name, cluster: { server, 'certificate-authority-data': certificates } }],
    users: [{ name, user: { token } }],
  });
}
