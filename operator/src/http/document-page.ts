/** The OpenAPI document for people: one page without a script, so that the strictest content policy holds. Pure. */
import type { OpenApiDocument } from '@streamhouse/api/rest/openapi.ts';

export const PAGE_STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 13px; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8885; border-radius: 4px; }
details { border-bottom: 1px solid #8885; padding: 0.4rem 0; }
summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid #8883; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; }
`;

/** Of the parts that our documents have. */
interface Operation {
  readonly tags?: readonly string[];
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses?: Readonly<Record<string, { description: string; content?: Content }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: object;
}

type Content = Readonly<Record<string, { readonly schema?: object }>>;

export function documentPage(document: OpenApiDocument): string {
  const { info, paths = {}, components = {} } = document;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Readonly<Record<string, Operation>>).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  );
  const sections = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? '');
  const body = [...sections].map(
    ([tag, list]) =>
      `<h2>${escaped(tag)}</h2>${list.map(({ path, method, operation }) => operationHtml(method, path, operation)).join('')}`,
  );
  const schemas = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${schemaHtml(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} API</title>
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<main>
<h1>${escaped(info.title)} API ${escaped(info.version)}</h1>
<p>${escaped(info.description ?? '')}</p>
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${body.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</main>
</body>
</html>
`;
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { operationId = '', summary = '', description = '', parameters = [] } = operation;
  const rows = parameters.map(
    (parameter) =>
      `<tr><td><code>${escaped(parameter.name)}</code></td><td>${parameter.in}${parameter.required === true ? ', required' : ''}</td><td>${escaped(parameter.description ?? '')}</td></tr>`,
  );
  const answers = Object.entries(operation.responses ?? {}).map(
    ([status, answer]) =>
      `<tr><td>${status}</td><td>${escaped(answer.description)}</td><td>${contentHtml(answer.content)}</td></tr>`,
  );
  return `<details id="${escaped(operationId)}">
<summary><span class="method">${method}</span> <code>${escaped(path)}</code> ${escaped(summary)}</summary>
<p>${escaped(description)}</p>
${rows.length === 0 ? '' : `<table><tr><th>Parameter</th><th>In</th><th></th></tr>${rows.join('')}</table>`}
${operation.requestBody === undefined ? '' : `<p>Body: ${contentHtml(operation.requestBody.content)}</p>`}
<table><tr><th>Answer</th><th></th><th></th></tr>${answers.join('')}</table>
</details>
`;
}

function contentHtml(content: Content | undefined): string {
  const schema = Object.values(content ?? {})[0]?.schema;
  return schema === undefined ? '' : schemaHtml(schema);
}

/** A name is a link to the schema, anything else is shown as it is. */
function schemaHtml(schema: object): string {
  const text = JSON.stringify(schema, undefined, 2);
  const name = /^\{\s*"\$ref": "#\/components\/schemas\/(\w+)"\s*\}$/.exec(text)?.[1];
  return name === undefined
    ? `<pre>${escaped(text)}</pre>`
    : `<a href="#${name}"><code>${name}</code></a>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
