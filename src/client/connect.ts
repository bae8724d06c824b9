import { defaultTransport } from './default-transport.js';
import { type Endpoint } from './endpoint.js';
import { type ChunkedUploadOptions, DEFAULTS } from './options.js';
import { RemoteUploads } from './remote-uploads.js';

/** How the server is spoken to. */
export type ConnectOptions = Pick<
  ChunkedUploadOptions,
  'credentials' | 'headers' | 'stallTimeout' | 'transport'
>;

export function connect(endpoint: Endpoint, options: ConnectOptions): RemoteUploads {
  return new RemoteUploads({
    endpoint,
    headers: options.headers ?? {},
    credentials: options.credentials ?? DEFAULTS.credentials,
    stallTimeout: options.stallTimeout ?? DEFAULTS.stallTimeout,
    transport: options.transport ?? defaultTransport(),
  });
}
