/** Answers of S3: status, headers and XML. */
import type { StoredObject } from '@streamhouse/store/objects/port.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An error of S3, thrown by what answers a request. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'S3Failure';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  toAnswer(): Answer {
    const xml = `<Error><Code>${escapeXml(this.code)}</Code><Message>${escapeXml(this.message)}</Message></Error>`;
    return xmlAnswer(this.status, xml, this.headers);
  }
}

export interface ListPage {
  readonly bucket: string;
  readonly prefix: string;
  readonly keysMax: number;
  readonly objects: readonly StoredObject[];
  /** Token of the next page, when there is one. */
  readonly next: string | undefined;
}

export function listAnswer(page: ListPage): Answer {
  const contents = page.objects.map(
    ({ key, bytes }) => `<Contents><Key>${escapeXml(key)}</Key><Size>${bytes}</Size></Contents>`,
  );
  const next =
    page.next === undefined ? '' : `<NextContinuationToken>${page.next}</NextContinuationToken>`;
  const head = `<Name>${escapeXml(page.bucket)}</Name><Prefix>${escapeXml(page.prefix)}</Prefix>`;
  const counts = `<KeyCount>${page.objects.length}</KeyCount><MaxKeys>${page.keysMax}</MaxKeys>`;
  const isTruncated = `<IsTruncated>${page.next !== undefined}</IsTruncated>`;
  return xmlAnswer(
    200,
    `<ListBucketResult>${head}${counts}${isTruncated}${next}${contents.join('')}</ListBucketResult>`,
    {},
  );
}

export function emptyAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers, body: new Uint8Array() };
}

function xmlAnswer(status: number, xml: string, headers: Readonly<Record<string, string>>): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${xml}`);
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, body };
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
