import type { FileResponse } from './file-response.js';
import type { HostResponse } from './host-request.js';

export function redirect(response: HostResponse, target: string | URL): void {
  response.header('Cache-Control', 'no-store');
  response.header('Location', String(target));
  response.status(302);
}

/** Status and headers of a download. */
export function setHead(response: HostResponse, { status, headers }: FileResponse): void {
  response.status(status);
  setFields(response, headers);
}

/** Headers of an answer, by name. */
export function setFields(
  response: HostResponse,
  fields: Readonly<Record<string, string>> = {},
): void {
  for (const [name, value] of Object.entries(fields)) response.header(name, value);
}
