/** Volumes that claims are bound to without a driver: folders of this machine, made beforehand. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Each is used once. */
const VOLUMES = 32;
const CLASS = 'standard';

/** Makes the folders and resolves the objects to apply: the default storage class and a volume for each folder. */
export async function storage(folder: string): Promise<object[]> {
  const metadata = {
    name: CLASS,
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  };
  const apiVersion = 'storage.k8s.io/v1';
  const provisioner = 'kubernetes.io/no-provisioner';
  const objects: object[] = [{ apiVersion, kind: 'StorageClass', metadata, provisioner }];
  for (let index = 0; index < VOLUMES; index += 1) {
    const path = join(folder, `volume-${index}`);
    await mkdir(path, { recursive: true });
    // Whoever a pod runs as: the groups of pods do not apply to volumes of this kind.
    await chmod(path, 0o777);
    objects.push(volume(`volume-${index}`, path));
  }
  return objects;
}

function volume(name: string, path: string): object {
  const spec = {
    storageClassName: CLASS,
    capacity: { storage: '1Ti' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path },
  };
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec };
}
