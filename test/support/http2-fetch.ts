import { type ClientHttp2Session, type SecureClientSessionOptions, connect } from 'node:http2';

// Node's `fetch` knows no HTTP/2 without TLS, and with TLS no certificate of our own. Hosts of the specs
// are at home in this process, and say which of them speak it.

interface Line {
  readonly options: SecureClientSessionOptions;
  /** Null: not connected at the moment. */
  session: ClientHttp2Session | null;
}

const fetchOverHttp1 = globalThis.fetch;
/** By origin. */
const lines = new Map<string, Line>();

export function speaksHttp2(url: string): boolean {
  return lines.has(new URL(url).origin);
}

/**
 * From here on `fetch` speaks HTTP/2 with the host at `url`; until the function returned is called.
 *
 * @param ca the certificate that it shows, where it speaks TLS
 */
export function speakHttp2(url: string, ca?: string): () => void {
  const { origin } = new URL(url);
  lines.set(origin, { options: ca === undefined ? {} : { ca }, session: null });
  globalThis.fetch = fetchOverEither;
  return () => {
    lines.get(origin)?.session?.destroy();
    lines.delete(origin);
  };
}

async function fetchOverEither(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const target = input instanceof Request ? input.url : String(input);
  if (!speaksHttp2(target)) return fetchOverHttp1(input, init);
  return fetchOverHttp2(new Request(input, init));
}

async function fetchOverHttp2(request: Request): Promise<Response> {
  const { origin, pathname, search } = new URL(request.url);
  const body = request.body === null ? null : Buffer.from(await request.arrayBuffer());
  const length = body === null ? {} : { 'content-length': String(body.length) };
  const pseudo = { ':method': request.method, ':path': pathname + search };
  const headers = { ...pseudo, ...Object.fromEntries(request.headers), ...length };
  const stream = sessionOf(origin).request(headers, { endStream: body === null });
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let answer: ResponseInit & { status: number } = { status: 0 };
    stream.once('response', ({ ':status': status = 0, ...fields }) => {
      const answered = new Headers();
      for (const [name, value] of Object.entries(fields)) {
        for (const each of [value].flat()) answered.append(name, String(each));
      }
      answer = { status, headers: answered };
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.once('end', () => {
      if (answer.status === 0) return;
      const isEmpty = [204, 304].includes(answer.status);
      resolve(new Response(isEmpty ? null : Buffer.concat(parts), answer));
    });
    // Whoever has the whole answer is not told of it.
    stream.once('error', (cause) => reject(new TypeError('fetch failed', { cause })));
    stream.once('close', () => reject(new TypeError(`fetch failed: RST ${stream.rstCode}`)));
    if (body !== null) stream.end(body);
  });
}

function sessionOf(origin: string): ClientHttp2Session {
  const line = lines.get(origin);
  const known = line?.session;
  if (known && !known.closed && !known.destroyed) return known;
  const session = connect(origin, line?.options);
  // Each request tells of it.
  session.on('error', () => undefined);
  if (line) line.session = session;
  return session;
}
