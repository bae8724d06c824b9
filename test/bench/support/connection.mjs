import { Agent, request } from 'node:http';
import { Readable } from 'node:stream';

/** One keep-alive connection; a body is a buffer, handed to the socket as it is, or a stream with a `length`. */
export class Connection {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #base;

  constructor(url) {
    this.#base = new URL(url);
  }

  /** Answers the response with its `text`, or throws when its status is not the expected one. */
  send(method, target, { headers = {}, body = null, expect }) {
    const { pathname, search } = new URL(target, this.#base);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.#agent,
        host: this.#base.hostname,
        port: this.#base.port,
        method,
        path: pathname + search,
        headers: { ...headers, 'content-length': body?.length ?? 0 },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (response.statusCode === expect) resolve({ headers: response.headers, text });
          else reject(new Error(`${method} ${target} answered ${response.statusCode}: ${text}`));
        });
      });
      if (body instanceof Readable) body.pipe(outgoing);
      else outgoing.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
