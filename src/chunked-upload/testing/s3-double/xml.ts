import { S3Error } from './s3-error.js';

/** What an element has in it: text, other elements by their names, or several of one name. */
export type XmlContent = string | number | boolean | XmlElements | readonly XmlElements[];
export interface XmlElements {
  readonly [name: string]: XmlContent | null;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

export function writeXml(root: string, content: XmlElements, hasNamespace = true): string {
  const namespace = hasNamespace ? ` xmlns="${NAMESPACE}"` : '';
  return `${HEAD}<${root}${namespace}>${elements(content)}</${root}>`;
}

function elements(content: XmlElements): string {
  return Object.entries(content)
    .map(([name, value]) => (value === null ? '' : element(name, value)))
    .join('');
}

function element(name: string, value: XmlContent): string {
  if (isList(value)) return value.map((each) => element(name, each)).join('');
  const inner = typeof value === 'object' ? elements(value) : escape(String(value));
  return `<${name}>${inner}</${name}>`;
}

function isList(value: XmlContent): value is readonly XmlElements[] {
  return Array.isArray(value);
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

const TOKEN = /<(\/?)([\w:]+)[^<>]*?(\/?)>|([^<]+)|<[?!][^>]*>/g;

/**
 * Reads the two kinds of body that S3 takes: a root, and records in it. Returns the records of the
 * name `record`, each with its texts by the names of their elements.
 * @throws S3Error `MalformedXML`
 */
export function readRecords(xml: string, root: string, record: string): Map<string, string>[] {
  const path: string[] = [];
  const records: Map<string, string>[] = [];
  let read = 0;
  let hasRoot = false;
  for (const token of xml.matchAll(TOKEN)) {
    const [all, closing, name, selfClosing, text] = token;
    if (token.index !== read) throw malformed();
    read += all.length;
    if (text !== undefined) {
      if (path.length === 3 && path[1] === record) {
        const fields = records.at(-1);
        const field = path[2] ?? '';
        fields?.set(field, (fields.get(field) ?? '') + unescape(text));
      } else if (text.trim() !== '' && path.length !== 2) throw malformed();
    } else if (name !== undefined && closing === '/') {
      if (path.pop() !== name) throw malformed();
    } else if (name !== undefined) {
      path.push(name);
      if (path.length === 1) hasRoot = name === root && !hasRoot;
      if (path.length === 2 && name === record) records.push(new Map());
      if (path.length === 3) records.at(-1)?.set(name, '');
      if (selfClosing === '/') path.pop();
    }
  }
  if (!hasRoot || path.length > 0 || read !== xml.length) throw malformed();
  return records;
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&');
}

function malformed(): S3Error {
  return new S3Error(400, 'MalformedXML', 'The XML is not well-formed, or not what is expected');
}
