/** What the OpenAPI document of a server promises, held against its answers. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export interface OperationInDocument {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    schema: JsonSchema;
  }[];
  /** Undefined: it takes none. */
  readonly body: JsonSchema | undefined;
}

/** As far as the fuzzer reads it. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
}

interface Content {
  readonly [mediaType: string]: { readonly schema: JsonSchema };
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: OperationInDocument['parameters'];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

const DOCUMENT = 'document';

export class RestContract {
  readonly document: Document;
  readonly operations: readonly OperationInDocument[];
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(document: Document) {
    this.document = document;
    this.#ajv.addSchema(document, DOCUMENT);
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        parameters: operation.parameters ?? [],
        body: operation.requestBody?.content['application/json']?.schema,
      })),
    );
  }

  static async of(url: string): Promise<RestContract> {
    const response = await fetch(`${url}/openapi.json`);
    return new RestContract((await response.json()) as Document);
  }

  schema({ $ref, ...schema }: JsonSchema): JsonSchema {
    if ($ref === undefined) return schema;
    return this.document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {};
  }

  /** @throws Error when the document says nothing of such an answer. */
  check(method: string, path: string, response: Response, text: string): void {
    const place = `${method} ${path} -> ${response.status}`;
    const answer = this.document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
    if (answer === undefined) throw new Error(`${place} is not in the document: ${text}`);
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    if (answer.content === undefined) {
      if (text !== '') throw new Error(`${place} has a body: ${text}`);
      return;
    }
    if (answer.content[type] === undefined) throw new Error(`${place} is ${type}: ${text}`);
    if (!type.endsWith('json')) return;
    const steps = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      response.status,
      'content',
      type,
    ];
    const validate = this.#validator([...steps, 'schema']);
    if (validate(JSON.parse(text))) return;
    throw new Error(
      `${place}: ${this.#ajv.errorsText(validate.errors)} in ${text.slice(0, 2_000)}`,
    );
  }

  #validator(steps: readonly (string | number)[]): ValidateFunction {
    const pointer = steps
      .map((step) => encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const known = this.#validators.get(pointer);
    if (known !== undefined) return known;
    const validator = this.#ajv.compile({ $ref: `${DOCUMENT}#/${pointer}` });
    this.#validators.set(pointer, validator);
    return validator;
  }
}
