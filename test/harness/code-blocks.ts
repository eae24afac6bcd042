/** The TypeScript in our documents, as programs that can be compiled and run. */

export interface CodeBlock {
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks of a Markdown text that are opened by exactly \`\`\`ts, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ index, 1: code = '' }) => ({
    line: markdown.slice(0, index).split('\n').length + 1,
    code,
  }));
}

const CLUSTER = "bootstrap: 'localhost:9090'";
/** Names that a block may use without saying where they come from, each with its statement; later ones use earlier ones. */
const GIVEN: readonly (readonly [name: string, statement: string])[] = [
  ['producer', `await using producer = await connectProducer({ ${CLUSTER} });`],
  ['admin', `await using admin = await connectAdmin({ ${CLUSTER} });`],
  [
    'consumer',
    `await using consumer = await connectConsumer({ ${CLUSTER}, groupId: 'examples', autoOffsetReset: 'earliest' });`,
  ],
  ['record', 'const record = (await consumer.poll(10_000))[0]!;'],
  ['order', 'const order = { id: 7, total: 12 };'],
  // What takes records tells so: a program that reads for ever shows by it that it reads.
  ['handle', "const handle = async (given: unknown): Promise<void> => console.log('got', given);"],
  ['store', "const store = async (given: unknown): Promise<void> => console.log('got', given);"],
  ['signal', 'const { signal } = new AbortController();'],
];
const SUBSCRIBE = "await consumer.subscribe(['orders']);";

/** Whether the code uses a name that it does not declare, as a constant, a parameter or an import. */
function takesForGranted(code: string, name: string): boolean {
  const bare = code.replaceAll(/\/\/.*$|'[^'\n]*'/gm, '');
  const use = new RegExp(`(?<![.\\w])${name}\\b(?!\\??:)`);
  const constant = `\\b(?:const|let|using|function|class)\\s+(?:[{[][^}\\]]*)?${name}\\b`;
  const parameter = `\\([^()]*\\b${name}\\b[^()]*\\)\\s*(?::[^=]*)?=>`;
  const imported = `\\bimport\\s*(?:type\\s*)?\\{[^}]*\\b${name}\\b`;
  return use.test(bare) && !new RegExp(`${constant}|${parameter}|${imported}`).test(bare);
}

/** The block after the statements of what it takes for granted. */
function completed(code: string): string {
  return GIVEN.toReversed().reduce((text, [name, statement]) => {
    if (!takesForGranted(text, name)) return text;
    const isIdle = name === 'consumer' && !/\.(?:subscribe|assign)\(/.test(code);
    return `${statement}\n${isIdle ? `${SUBSCRIBE}\n` : ''}${text}`;
  }, code);
}

/**
 * A block as a program: with what it takes for granted, `publicNames` of the SDK included, and with `addresses` in the place
 * of those that it shows. Its consumer groups are its own: it waits for no member that another program left behind.
 */
export function exampleProgram(
  { code, line }: CodeBlock,
  publicNames: readonly string[],
  addresses: Readonly<Record<string, string>>,
): string {
  const body = completed(code);
  const names = publicNames.filter((name) => takesForGranted(body, name));
  const program = `import { ${names.join(', ')} } from '@streamhouse/client';\n${body}`;
  return Object.entries(addresses)
    .reduce((text, [shown, address]) => text.replaceAll(shown, address), program)
    .replaceAll(/(groupId: '[^']+)'/g, `$1-${line}'`);
}

/** Whether it goes on until somebody stops it. */
export function isEndless({ code }: CodeBlock): boolean {
  return /\bfor await\b|\.run\(/.test(code) && !/\bbreak;/.test(code);
}

/** Topics that it makes. */
export function createdTopics({ code }: CodeBlock): string[] {
  return [...code.matchAll(/createTopic\(\{ name: '([^']+)'/g)].map(([, name = '']) => name);
}
