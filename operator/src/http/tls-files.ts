/** The certificate of the API and its key, in files that are followed while they change: cert-manager renews what is in a Secret. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock, Random } from '@streamhouse/core/async/clock.ts';
import { runLoop } from '@streamhouse/core/async/run-loop.ts';
import { StreamError } from '@streamhouse/core/errors.ts';

/** Milliseconds until a new certificate is shown. */
const EVERY_MS = 2_000;

/** Absolute paths of PEM files. */
export interface TlsPaths {
  /** The certificate, and those between it and the root after it. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Texts of both, known to belong together. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export interface TlsFilesOptions extends TlsPaths {
  readonly clock: Clock;
  readonly random: Random;
  /** Told of a state of the files that cannot be used: the one before it stays. */
  readonly onError: (error: unknown) => void;
}

export class TlsFiles {
  readonly #options: TlsFilesOptions;
  /** As it was looked at last, whether it can be used or not. */
  #seen: TlsPair;
  readonly first: TlsPair;

  private constructor(options: TlsFilesOptions, first: TlsPair) {
    this.#options = options;
    this.#seen = first;
    this.first = first;
  }

  /** @throws StreamError `invalid` API_TLS naming the file and what it has to be. */
  static async open(options: TlsFilesOptions): Promise<TlsFiles> {
    const first = await readPair(options);
    checkPair(options, first);
    return new TlsFiles(options, first);
  }

  /** Hands over each pair that comes, until the signal aborts. Never rejects. */
  async follow(use: (pair: TlsPair) => void, signal: AbortSignal): Promise<void> {
    const { clock, random, onError } = this.#options;
    await runLoop(
      { name: 'tls-files', everyMs: EVERY_MS, clock, random, signal, onError },
      async () => {
        const pair = await readPair(this.#options);
        if (pair.cert === this.#seen.cert && pair.key === this.#seen.key) return;
        this.#seen = pair;
        checkPair(this.#options, pair);
        use(pair);
      },
    );
  }
}

async function readPair({ certFile, keyFile }: TlsPaths): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  return { cert, key };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw fault(`${path} cannot be read: ${why}`, cause);
  }
}

function checkPair({ certFile, keyFile }: TlsPaths, { cert, key }: TlsPair): void {
  const certificate = attempt(
    () => new X509Certificate(cert),
    `${certFile} has no certificate, which begins with -----BEGIN CERTIFICATE-----`,
  );
  const privateKey = attempt(
    () => createPrivateKey(key),
    `${keyFile} has no private key, or one with a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw fault(`the key in ${keyFile} is not that of the certificate in ${certFile}`);
  attempt(
    () => createSecureContext({ cert, key }),
    `${certFile} has a chain that cannot be used, or keys that are too weak`,
  );
}

/** The cause may show a part of a key: it is not passed on. */
function attempt<T>(run: () => T, otherwise: string): T {
  try {
    return run();
  } catch {
    throw fault(otherwise);
  }
}

function fault(why: string, cause?: unknown): StreamError {
  const message = `the API cannot use its certificate: ${why}. API_TLS_CERT_FILE and API_TLS_KEY_FILE have to name PEM files of one certificate and its key`;
  return new StreamError('invalid', 'API_TLS', message, { cause });
}
