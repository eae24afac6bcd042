/** How a command that did not succeed ends: a code for scripts and one line for people. */
import { type ErrorKind, StreamError } from '@streamhouse/client/mod.ts';
import { CommanderError } from 'commander';
import { InputError } from './input/splitter.ts';
import { escapeControls } from './output/escape.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notAllowed: 3,
  notFound: 4,
  unavailable: 5,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a code of its own choosing. The message has the cause and the next step. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const EXIT_BY_KIND = {
  invalid: EXIT.usage,
  outOfRange: EXIT.usage,
  notFound: EXIT.notFound,
  alreadyExists: EXIT.failed,
  conflict: EXIT.failed,
  fenced: EXIT.failed,
  notHolder: EXIT.unavailable,
  overloaded: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  indefinite: EXIT.unavailable,
  unauthorized: EXIT.notAllowed,
  corrupt: EXIT.failed,
  internal: EXIT.failed,
} satisfies Record<ErrorKind, ExitCode>;

const NEXT_BY_KIND = {
  invalid: 'correct it and try again',
  outOfRange: 'choose a value in the valid range',
  notFound: '"streamhouse topics list" shows what is there',
  alreadyExists: 'choose another name, or add --if-not-exists',
  conflict: 'see "streamhouse topics describe", then decide',
  fenced: 'run the command again',
  notHolder: 'try again in a few seconds',
  overloaded: 'try again in a few seconds, or send less at a time',
  unavailable: 'try again in a few seconds',
  indefinite: 'it may have happened: look before you repeat it',
  unauthorized: 'ask the owner of the cluster for access',
  corrupt: 'stored bytes are damaged: read on behind them with --partition and --from OFFSET',
  internal: 'this is a bug: please report it with the command that you ran',
} satisfies Record<ErrorKind, string>;

/** UNIMPLEMENTED, from a server that speaks gRPC and does not know the call. */
const UNKNOWN_CALL = 'GRPC_12';

/** Next steps that are better than what the kind alone allows. */
const NEXT_BY_REASON: Readonly<Record<string, string>> = {
  CONNECT_FAILED:
    'start a cluster with "npm start", or name its agents with --bootstrap HOST:PORT or STREAMHOUSE_BOOTSTRAP',
  RECORD_TOO_LARGE: 'send smaller records',
  GROUP_NOT_FOUND: '"streamhouse groups list" shows what is there',
  GROUP_HAS_MEMBERS: 'stop them first; "streamhouse groups describe" shows them',
  NOT_OWNED: 'the member that has it prints those records again',
  [UNKNOWN_CALL]:
    'the server is of another version, or is not StreamHouse: use the command of its version',
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof StreamError)) return EXIT.failed;
  return error.reason === 'RECORD_TOO_LARGE' ? EXIT.failed : EXIT_BY_KIND[error.kind];
}

/** One line with the cause and the next step, safe to print on any terminal. */
export function errorLine(error: unknown): string {
  return `streamhouse: ${oneLine(describeError(error))}`;
}

/** `<cause>; <next step>`. */
export function describeError(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  if (error instanceof InputError) return `${error.message}; correct the input and try again`;
  if (error instanceof StreamError) {
    return `${withoutFullStop(error.message)}; ${nextStep(error)}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `${withoutFullStop(message)}; ${NEXT_BY_KIND.internal}`;
}

function nextStep(error: StreamError): string {
  // A failed connection has one cause for each address. One that answers and knows nothing of us is the better hint.
  const causes: readonly unknown[] =
    error.cause instanceof AggregateError ? error.cause.errors : [];
  const isForeign = causes.some(
    (cause) => cause instanceof StreamError && cause.reason === UNKNOWN_CALL,
  );
  const reason = isForeign ? UNKNOWN_CALL : error.reason;
  if (reason === 'TOPIC_MANAGED') return changeResource(error.details['resource']);
  return NEXT_BY_REASON[reason] ?? NEXT_BY_KIND[error.kind];
}

/** @param resource `namespace/name`. */
function changeResource(resource = '/'): string {
  const [namespace, name] = resource.split('/');
  return `change the resource instead: "kubectl edit sht ${name} -n ${namespace}", or its file and "streamhouse apply"`;
}

function oneLine(text: string): string {
  return escapeControls(text.trim().replace(/\s*[\r\n]+\s*/g, ' '));
}

function withoutFullStop(text: string): string {
  return text.trim().replace(/\.$/, '');
}
