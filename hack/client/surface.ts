/**
 * What `@streamhouse/client` exports, read from its sources: the one list that its type declarations and its reference are
 * made from. TypeScript 7 has no stable interface to ask, and none is needed: `isolatedDeclarations` has every exported
 * type written out.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type Class,
  type ClassElement,
  type Comment,
  type ExportNamedDeclaration,
  type Function as FunctionNode,
  type ParamPattern,
  parseSync,
  type Program,
  type TSInterfaceDeclaration,
  type TSSignature,
  type TSTypeAliasDeclaration,
} from 'oxc-parser';

const ENTRY = 'packages/client/src/mod.ts';

export interface Declaration {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'interface' | 'type';
  /** Name of the file that has it, without its ending. */
  readonly module: string;
  /** The text of its docstring. */
  readonly docs: string;
  /** As a declaration file has it, without `export` and without its own docstring. */
  readonly text: string;
  /** What it extends, as written. */
  readonly bases: readonly string[];
  /** Of a class or an interface. */
  readonly members: readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly kind: 'property' | 'method';
  readonly docs: string;
  /** Type of a property, signature of a method. */
  readonly text: string;
  readonly isOptional: boolean;
}

type Node = { readonly start: number; readonly end: number };
type Named = FunctionNode | Class | TSInterfaceDeclaration | TSTypeAliasDeclaration;

/** A parsed file. */
class Source {
  readonly path: string;
  readonly program: Program;
  readonly #text: string;
  readonly #comments: readonly Comment[];

  constructor(path: string) {
    this.path = path;
    this.#text = readFileSync(path, 'utf8');
    const { program, comments, errors } = parseSync(path, this.#text);
    if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
    this.program = program;
    this.#comments = comments.filter(({ type, value }) => type === 'Block' && value[0] === '*');
  }

  slice(start: number, end: number): string {
    return this.#text.slice(start, end);
  }

  of({ start, end }: Node): string {
    return this.slice(start, end);
  }

  /** The docstring that stands right before a node. */
  #docstring(node: Node): Comment | undefined {
    return this.#comments.findLast(
      ({ end }) => end <= node.start && this.slice(end, node.start).trim() === '',
    );
  }

  /** Its text, without the stars. */
  docs(node: Node): string {
    const lines = this.#docstring(node)?.value.slice(1).split('\n') ?? [];
    return lines
      .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
      .join('\n')
      .trim();
  }

  /** The docstring as it stands, on lines of its own. */
  docstring(node: Node, indent: string): string {
    const found = this.#docstring(node);
    return found === undefined ? '' : `${indent}${this.of(found)}\n`;
  }
}

/** Path of the file that `specifier` names in `from`. */
function resolve(root: string, from: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const inPackage = /^@streamhouse\/(\w+)\/(.+)$/.exec(specifier);
  if (inPackage === null) throw new Error(`${from}: a public name comes from ${specifier}`);
  return join(root, 'packages', inPackage[1] ?? '', 'src', inPackage[2] ?? '');
}

interface Exported {
  readonly node: Named;
  /** Where its docstring stands before. */
  readonly statement: Node;
}

function exportedBy({ program }: Source): ReadonlyMap<string, Exported> {
  const found = new Map<string, Exported>();
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const node = statement.declaration;
    if (node?.type === 'FunctionDeclaration' || node?.type === 'ClassDeclaration') {
      if (node.id !== null) found.set(node.id.name, { node, statement });
    } else if (node?.type === 'TSInterfaceDeclaration' || node?.type === 'TSTypeAliasDeclaration') {
      found.set(node.id.name, { node, statement });
    }
  }
  return found;
}

function parametersOf(source: Source, parameters: readonly ParamPattern[]): string {
  const texts = parameters.map((parameter) => {
    if (parameter.type !== 'AssignmentPattern') return source.of(parameter);
    const { left } = parameter;
    if (left.type !== 'Identifier' || !left.typeAnnotation)
      throw new Error(`${source.path}: a parameter with a default needs a name and a type`);
    return `${left.name}?${source.of(left.typeAnnotation)}`;
  });
  return texts.join(', ');
}

function signatureOf(source: Source, node: FunctionNode): string {
  const types = node.typeParameters ? source.of(node.typeParameters) : '';
  const result = node.returnType ? source.of(node.returnType) : '';
  return `${types}(${parametersOf(source, node.params)})${result}`;
}

function classMember(source: Source, element: ClassElement): Member | undefined {
  const isMethod = 'kind' in element;
  if (!isMethod && element.type !== 'PropertyDefinition')
    throw new Error(`${source.path}: ${element.type} in a public class`);
  if (element.key.type === 'PrivateIdentifier') return undefined;
  const name = source.of(element.key);
  const docs = source.docs(element);
  if (isMethod && element.kind !== 'get') {
    const text = `${name}${signatureOf(source, element.value)}`;
    return { name, kind: 'method', docs, text, isOptional: false };
  }
  const type = isMethod ? element.value.returnType : element.typeAnnotation;
  const text = type ? source.of(type.typeAnnotation) : '';
  return { name, kind: 'property', docs, text, isOptional: false };
}

function interfaceMember(source: Source, signature: TSSignature): Member {
  const docs = source.docs(signature);
  if (signature.type === 'TSPropertySignature') {
    const text = signature.typeAnnotation ? source.of(signature.typeAnnotation.typeAnnotation) : '';
    const name = source.of(signature.key);
    return { name, kind: 'property', docs, text, isOptional: signature.optional };
  }
  if (signature.type !== 'TSMethodSignature')
    throw new Error(`${source.path}: ${signature.type} in a public interface`);
  const text = source.of(signature).replace(/;$/, '');
  return { name: source.of(signature.key), kind: 'method', docs, text, isOptional: false };
}

/** A class without what its members do. */
function classText(source: Source, node: Class): string {
  const head = source.slice(node.start, node.body.start);
  const lines = node.body.body.flatMap((element) => {
    const member = classMember(source, element);
    if (member === undefined) return [];
    const { name, kind, text } = member;
    const property = `readonly ${name}: ${text}`;
    return [`${source.docstring(element, '  ')}  ${kind === 'property' ? property : text};`];
  });
  return `declare ${head}{\n${lines.join('\n')}\n}`;
}

/**
 * `(typeof NAMES)[number]`, where NAMES is a constant list of texts beside it, as the union that it is: readers look for
 * the texts, and what is said of each goes with it.
 */
function aliasText(source: Source, node: TSTypeAliasDeclaration): string {
  const list = /^\(typeof (\w+)\)\[number\]$/.exec(source.of(node.typeAnnotation))?.[1];
  if (list === undefined) return source.of(node);
  const constant = source.program.body
    .filter((statement): statement is ExportNamedDeclaration => 'declaration' in statement)
    .flatMap(({ declaration }) =>
      declaration?.type === 'VariableDeclaration' ? declaration.declarations : [],
    )
    .find(({ id }) => id.type === 'Identifier' && id.name === list);
  const { init } = constant ?? {};
  if (init?.type !== 'TSAsExpression' || init.expression.type !== 'ArrayExpression')
    throw new Error(`${source.path}: ${list} is no constant list`);
  const members = init.expression.elements.map((element) =>
    element === null ? '' : `\n${source.docstring(element, '  ')}  | ${source.of(element)}`,
  );
  return `type ${node.id.name} =${members.join('')};`;
}

function declarationOf(source: Source, name: string, { node, statement }: Exported): Declaration {
  const module = basename(source.path, '.ts');
  const common = { name, module, docs: source.docs(statement), bases: [], members: [] };
  switch (node.type) {
    case 'TSTypeAliasDeclaration':
      return { ...common, kind: 'type', text: aliasText(source, node) };
    case 'TSInterfaceDeclaration': {
      const members = node.body.body.map((signature) => interfaceMember(source, signature));
      const bases = node.extends.map((base) => source.of(base));
      return { ...common, kind: 'interface', text: source.of(node), bases, members };
    }
    case 'ClassDeclaration':
    case 'ClassExpression': {
      const members = node.body.body.flatMap((element) => classMember(source, element) ?? []);
      const bases = node.superClass === null ? [] : [source.of(node.superClass)];
      return { ...common, kind: 'class', text: classText(source, node), bases, members };
    }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'TSDeclareFunction':
    case 'TSEmptyBodyFunctionExpression': {
      const text = `declare function ${name}${signatureOf(source, node)};`;
      return { ...common, kind: 'function', text };
    }
  }
}

/** Every public name, in the order of the entry file. `root` is the repository. */
export function clientSurface(root: string): Declaration[] {
  const entry = new Source(join(root, ENTRY));
  return entry.program.body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration' || statement.source === null)
      throw new Error(`${ENTRY}: only names of other files are exported`);
    const source = new Source(resolve(root, entry.path, statement.source.value));
    const exported = exportedBy(source);
    return statement.specifiers.map((specifier) => {
      const name = entry.of(specifier.local);
      const found = exported.get(name);
      if (found === undefined)
        throw new Error(`${source.path} exports no type or function ${name}`);
      if (entry.of(specifier.exported) !== name) throw new Error(`${ENTRY} renames ${name}`);
      return declarationOf(source, name, found);
    });
  });
}
