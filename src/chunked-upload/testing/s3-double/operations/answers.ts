import { Bytes } from '../bytes.js';
import type { S3Answer } from '../s3-double.types.js';
import type { S3Error } from '../s3-error.js';
import { type XmlElements, writeXml } from '../xml.js';

export function empty(status = 200, headers: Readonly<Record<string, string>> = {}): S3Answer {
  return { status, headers, body: Bytes.NONE };
}

export function xml(root: string, content: XmlElements): S3Answer {
  return document(200, writeXml(root, content));
}

export function failure({ status, code, message }: S3Error): S3Answer {
  return document(status, errorDocument(code, message));
}

/** What S3 sends after it has begun to answer 200: completions and copies do that. */
export function failureWithin200(code: string): S3Answer {
  return document(200, errorDocument(code, 'We encountered an internal error. Please try again.'));
}

function errorDocument(Code: string, Message: string): string {
  return writeXml('Error', { Code, Message }, false);
}

export function document(status: number, text: string): S3Answer {
  return { status, headers: { 'content-type': 'application/xml' }, body: Bytes.of(text) };
}

/** Quoted, as everywhere but in requests of some clients. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function unquoted(etag: string): string {
  return etag.replaceAll(/^"|"$/g, '');
}

/** Times in answers are of whole seconds. */
export function time(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '.000');
}
