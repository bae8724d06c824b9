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
  /** The request fails after this many milliseconds without progress; 0: never. */
  readonly stallTimeout: number;
  /** Called with the number of body bytes sent so far, if the platform shows it. */
  readonly onSent?: (bytes: number) => void;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  readonly text: string;
  /** Whether it is the answer of another address, to which the request was redirected, if the platform tells. */
  readonly redirected?: boolean;
}

/**
 * Sends one request. Resolves with any response of the server, even a 500; rejects if there is no
 * response.
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
