import type { Duplex } from 'node:stream';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body of an answer in JSON. */
  readonly json: { readonly detail?: unknown; readonly [name: string]: unknown };
}

export type RawHeaders = Readonly<Record<string, string | number | string[]>>;

/** How a connection of its own speaks: see `RawConnection`. */
export interface RawLink {
  /** What is written to and read from: a socket, or over HTTP/2 the stream of the request. */
  readonly wire: Duplex;
  head(method: string, target: string, headers: RawHeaders): Promise<void>;
  write(bytes: string | Uint8Array): Promise<void>;
  writePieces(pieces: readonly Uint8Array[]): Promise<void>;
  answer(): Promise<RawAnswer>;
  readNothing(): Promise<void>;
  closed(): Promise<void>;
  destroy(): void;
}

export function rawAnswer(status: number, headers: RawAnswer['headers'], body: string): RawAnswer {
  const json = body.startsWith('{') ? (JSON.parse(body) as RawAnswer['json']) : {};
  return { status, headers, body, json };
}

export async function writeAll(wire: Duplex, bytes: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    wire.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
