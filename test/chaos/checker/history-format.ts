/** Whether a parsed line is an event, by the shapes of `history.ts`. */
import type { HistoryEvent, Operation } from './history.ts';

/** What is wrong with a value, to be put behind its name; undefined: nothing. Nothing is built for what is right. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : ' must be a text that is not empty';

const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : ' must be an integer from 0 to 2^53-1';

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);

const oneOf =
  (...texts: readonly string[]): Check =>
  (value) =>
    texts.includes(value as string) ? undefined : ` must be one of ${texts.join(', ')}`;

const list =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return ' must be a list';
    for (let index = 0; index < value.length; index++) {
      const fault = check(value[index]);
      if (fault !== undefined) return `[${index}]${fault}`;
    }
    return undefined;
  };

const fields = (checks: Readonly<Record<string, Check>>): Check => {
  const entries = Object.entries(checks);
  return (value) => {
    if (typeof value !== 'object' || value === null) return ' must be an object';
    for (const [name, check] of entries) {
      const fault = check((value as Readonly<Record<string, unknown>>)[name]);
      if (fault !== undefined) return `.${name}${fault}`;
    }
    return undefined;
  };
};

const read: Check = (value) => {
  if (!Array.isArray(value) || value.length !== 2) return ' must be a pair of offset and value';
  return count(value[0]) ?? text(value[1]);
};

const PARTITION = { topic: text, topicId: optional(text), partition: count };
const PARTITION_OFFSET = fields({ ...PARTITION, offset: count });

const EVENT = fields({
  i: count,
  t: count,
  process: text,
  type: oneOf('invoke', 'ok', 'fail', 'info'),
  err: optional(text),
});

const RECORDS = list(fields({ ...PARTITION, reads: list(read) }));
const MEMBERSHIP = { group: text, generation: optional(count) };

const VALUES: Readonly<Record<Operation['f'], Check>> = {
  send: fields({ ...PARTITION, values: list(text), offsets: optional(list(count)) }),
  assign: fields({ from: list(PARTITION_OFFSET) }),
  poll: fields({ records: RECORDS }),
  own: fields({
    ...MEMBERSHIP,
    change: oneOf('assigned', 'revoked', 'lost'),
    partitions: list(fields(PARTITION)),
  }),
  consume: fields({ ...MEMBERSHIP, records: RECORDS }),
  commit: fields({ ...MEMBERSHIP, offsets: list(PARTITION_OFFSET) }),
  end: fields({ ends: list(PARTITION_OFFSET) }),
  topic: fields({
    change: oneOf('create', 'delete', 'grow'),
    topic: text,
    topicId: optional(text),
    partitions: optional(count),
  }),
  fault: fields({ kind: text, change: oneOf('start', 'stop'), target: text }),
  phase: fields({ phase: text }),
};

/** What keeps `event` from being one, as the end of a sentence that begins with "the event"; undefined: nothing. */
export function eventFault(event: unknown): string | undefined {
  const fault = EVENT(event);
  if (fault !== undefined) return fault;
  const operation = event as HistoryEvent & Operation;
  if (!Object.hasOwn(VALUES, operation.f))
    return `.f must be one of ${Object.keys(VALUES).join(', ')}`;
  const valueFault = VALUES[operation.f](operation.value);
  if (valueFault !== undefined) return `.value${valueFault}`;
  return operation.f === 'send' ? sendFault(operation.type, operation.value) : undefined;
}

function sendFault(
  type: HistoryEvent['type'],
  { values, offsets }: Extract<Operation, { f: 'send' }>['value'],
): string | undefined {
  if (values.length === 0) return '.value.values must not be empty';
  if (type === 'ok' && offsets?.length !== values.length)
    return '.value.offsets must have one for each value';
  return undefined;
}
