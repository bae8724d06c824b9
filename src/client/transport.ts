/** As `RequestCredentials`, whose types a program for Node need not have. */
export type Credentials = 'include' | 'omit' | 'same-origin';

export interface TransportRequest {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  readonly body?: Blob | string;
  /** Ends the request at once; the promise rejects. */
  readonly signal: AbortSignal;
  /** Milliseconds without a byte moving after which the request is given up; 0: never. */
  readonly stallTimeout: number;
  /** Told, where it can be seen, how many bytes of the body have been sent. */
  readonly onSent?: (bytes: number) => void;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  readonly text: string;
}

/**
 * Sends one request. Resolves with whatever the server answers, also a 500;
 * rejects when there is no answer.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
