export interface PostgresMessage {
  /** Its letter; empty for the first one of a client, which has none. */
  readonly type: string;
  /** All of it, with its head. */
  readonly bytes: Buffer;
}

/** Cuts one direction of a connection into the messages of PostgreSQL's protocol (version 3). */
export class PostgresMessages {
  #rest = Buffer.alloc(0);

  /** `untyped`: whether it begins with a message without a letter, as a client does. */
  constructor(private untyped: boolean) {}

  /** The messages that are whole with these bytes. */
  push(bytes: Buffer): PostgresMessage[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: PostgresMessage[] = [];
    for (let next = this.#next(); next; next = this.#next()) messages.push(next);
    return messages;
  }

  #next(): PostgresMessage | null {
    const head = this.untyped ? 0 : 1;
    if (this.#rest.length < head + 4) return null;
    // The length counts itself, but not the letter.
    const length = head + this.#rest.readInt32BE(head);
    if (this.#rest.length < length) return null;
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    const type = this.untyped ? '' : String.fromCharCode(bytes[0] ?? 0);
    this.untyped = false;
    return { type, bytes };
  }
}

/** The SQL of a `Query` or a `Parse`; null for every other message. */
export function sqlOf({ type, bytes }: PostgresMessage): string | null {
  const [first = '', second = ''] = bytes.subarray(5).toString().split('\0');
  if (type === 'Q') return first;
  // The name of the prepared statement comes first.
  return type === 'P' ? second : null;
}

export function queryMessage(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.from('Q\0\0\0\0');
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}
