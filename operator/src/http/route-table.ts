/** Finds what is served at a path, step by step: however many paths there are, none but the one asked for is looked at. */

interface Step<T> {
  readonly named: Map<string, Step<T>>;
  /** Takes any text in this place. */
  parameter: { readonly name: string; readonly step: Step<T> } | undefined;
  /** What is served here, by method. */
  readonly methods: Map<string, T>;
}

export interface Found<T> {
  /** Never empty. */
  readonly methods: ReadonlyMap<string, T>;
  readonly parameters: Readonly<Record<string, string>>;
}

export class RouteTable<T> {
  readonly #root: Step<T> = emptyStep();

  /** @param template as in `/api/v1/topics/{name}`. */
  add(method: string, template: string, served: T): void {
    let step = this.#root;
    for (const part of partsOf(template)) {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      step = name === undefined ? namedStep(step, part) : parameterStep(step, name);
    }
    step.methods.set(method, served);
  }

  /** A name in the path goes before a parameter. @throws URIError for a parameter that is no text. */
  find(path: string): Found<T> | undefined {
    const parameters: Record<string, string> = {};
    let step: Step<T> | undefined = this.#root;
    for (const part of partsOf(path)) {
      const named: Step<T> | undefined = step.named.get(part);
      const { parameter }: Step<T> = step;
      if (named !== undefined) {
        step = named;
      } else if (parameter !== undefined && part !== '') {
        parameters[parameter.name] = decodeURIComponent(part);
        step = parameter.step;
      } else {
        return undefined;
      }
    }
    return step.methods.size === 0 ? undefined : { methods: step.methods, parameters };
  }
}

function emptyStep<T>(): Step<T> {
  return { named: new Map(), parameter: undefined, methods: new Map() };
}

function namedStep<T>(from: Step<T>, part: string): Step<T> {
  const step = from.named.get(part) ?? emptyStep<T>();
  from.named.set(part, step);
  return step;
}

function parameterStep<T>(from: Step<T>, name: string): Step<T> {
  from.parameter ??= { name, step: emptyStep() };
  return from.parameter.step;
}

/** Each ends at a slash; an empty one at the end is a slash too many. */
function partsOf(path: string): string[] {
  return path.slice(1).split('/');
}
