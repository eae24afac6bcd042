/** The table of routes as an OpenAPI 3.1 document. Pure. */
import {
  createDocument,
  type oas31,
  type ZodObjectInput,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { LIVE_EVENT, LIVE_REQUEST } from '../live-schema.ts';
import { LIVE_INTERVAL, LIVE_PATH, MONITORING_PATH } from '../live.ts';
import { PROBLEM, PROBLEM_TYPE } from './problem.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** What a status means here, wherever it stands. */
const ERRORS = {
  400: 'The request cannot succeed as it is; `errors` says where',
  401: 'There is no valid token',
  403: 'The token does not allow this, or the server takes no mutation',
  404: 'There is no such thing',
  408: 'The request did not come in time',
  409: 'The state forbids it: it exists already, or somebody else owns it',
  412: 'It is not as `If-Match` says',
  413: 'The body, or a record in it, is too large',
  415: 'The body is not `application/json`',
  422: 'The `Idempotency-Key` was used for another request',
  429: 'Too many requests; `Retry-After` says when to come again',
  431: 'The headers are too large',
  500: 'A fault of the server',
  502: 'Stored records are not what was written',
  503: 'Nothing was done; try again',
  504: 'Not done in time; for a mutation it is not known whether it will be',
} as const;

type ErrorStatus = keyof typeof ERRORS;

const ALWAYS: readonly ErrorStatus[] = [400, 403, 408, 429, 431, 500, 503, 504];

/** Of the contract, as releases have it. */
const API_VERSION = '0.1.0';

export interface DocumentOptions {
  /** Where it is served, as in `/` or `/streamhouse`. */
  readonly basePath: string;
}

export type OpenApiDocument = oas31.OpenAPIObject;

/** @throws Error when two schemas have one name. */
export function openApiDocument(options: DocumentOptions): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = '', path = ''] = key.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = operationOf(method, route as Route);
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.1',
    info: {
      title: 'StreamHouse',
      version: API_VERSION,
      description:
        'Topics, records, agents, consumer groups and figures of one cluster. Offsets and times are integers below 2^53. What has no source is null.',
    },
    servers: [{ url: options.basePath }],
    paths,
    'x-websockets': SOCKETS,
    components: {
      schemas: { LiveEvent: LIVE_EVENT, LiveRequest: LIVE_REQUEST },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or a token of Kubernetes where the server takes these',
        },
        cookie: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
      },
    },
  };
  return createDocument(document, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === -Number.MAX_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as OpenApiDocument;
}

/** OpenAPI has no word for sockets. Each frame is one JSON text. */
const SOCKETS = {
  [LIVE_PATH]: socket('A snapshot, then what changed since the event before', 'LiveEvent'),
  [MONITORING_PATH]: socket('What getMonitoringMetrics answers', 'MonitoringMetrics'),
};

function socket(summary: string, frame: string): object {
  const schema = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
  return {
    summary: `${summary}: every ${LIVE_INTERVAL.default} ms, unless the client asks for another interval`,
    description:
      'For those who may read metrics: by the Authorization header, by the cookie from a page of this origin, or by the `ticket` of createTicket in the query. Looked at again every minute. Closes with 4401 (the token is no longer valid), 4403 (no longer allows it), 1008 (a rule was broken), 1009 (too large a message), 1013 (too slow a reader, or come again), 1001 (the server stops).',
    sends: schema(frame),
    takes: schema('LiveRequest'),
  };
}

/** Name of the cookie of a browser's session. */
export const SESSION_COOKIE = 'streamhouse-session';

function operationOf(method: string, route: Route): ZodOpenApiOperationObject {
  const { operationId, tag, summary, description, access, path, query, body } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(access === 'open' ? { security: [] } : { security: [{ bearer: [] }, { cookie: [] }] }),
    requestParams: {
      path: path as unknown as ZodObjectInput,
      query: query as unknown as ZodObjectInput,
    },
    parameters: headersOf(method, route),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: responsesOf(method, route),
  };
}

function headersOf(method: string, route: Route): oas31.ParameterObject[] {
  const named = (name: string, description: string): oas31.ParameterObject => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  });
  return [
    ...(method === 'GET' ? [named('If-None-Match', 'ETag of the answer that is there: 304')] : []),
    ...(route.isConditional === true
      ? [named('If-Match', 'ETag of the topic: its settings, not its figures, must be the same')]
      : []),
    ...(route.isRepeatable === true
      ? [
          named(
            'Idempotency-Key',
            '1 to 255 visible characters. The same request with the same key has the same answer',
          ),
        ]
      : []),
  ];
}

function responsesOf(method: string, route: Route): ZodOpenApiResponsesObject {
  const responses: Record<`${number}`, object> = {};
  const content = { [route.mediaType ?? 'application/json']: { schema: route.response } };
  const success = route.status ?? 200;
  responses[`${success}`] =
    success === 204
      ? { description: 'Done' }
      : { description: 'Success', headers: answerHeaders(method, route), content };
  if (success === 201) responses['200'] = { description: 'What a dry run tells', content };
  if (method === 'GET') responses['304'] = { description: 'As `If-None-Match` says' };
  for (const status of errorsOf(route)) {
    responses[`${status}`] = {
      description: ERRORS[status],
      content: { [PROBLEM_TYPE]: { schema: PROBLEM } },
    };
  }
  return responses as ZodOpenApiResponsesObject;
}

function answerHeaders(method: string, route: Route): Record<string, oas31.HeaderObject> {
  const text = { schema: { type: 'string' as const } };
  return {
    ...(method === 'GET' ? { ETag: { description: 'For `If-None-Match`', ...text } } : {}),
    ...(route.isPaged === true
      ? {
          Link: { description: 'The next page, with `rel="next"`; absent on the last', ...text },
          'X-Total-Count': {
            description: 'Entries of all pages',
            schema: { type: 'integer' as const },
          },
        }
      : {}),
  };
}

function errorsOf(route: Route): readonly ErrorStatus[] {
  const { access, body, isMutation, isConditional, isRepeatable, tag } = route;
  const isLogin = body !== undefined && access === 'open';
  return [
    ...ALWAYS,
    ...(access === 'open' && !isLogin ? [] : [401 as const]),
    ...(access === 'open' ? [] : [404 as const]),
    ...(body === undefined ? [] : [413 as const, 415 as const]),
    ...(isMutation === true ? [409 as const] : []),
    ...(isConditional === true ? [412 as const] : []),
    ...(isRepeatable === true ? [422 as const] : []),
    ...(tag === 'records' ? [502 as const] : []),
  ].sort((one, other) => one - other);
}
