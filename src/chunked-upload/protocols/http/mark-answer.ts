import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Has each answer to a request of tus bear `Tus-Resumable`, also that of a guard of the host: without it
 * a client takes it for the answer of another server (tus 1.0, Tus-Resumable).
 */
export function markAnswer({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers['tus-resumable'] === undefined || response.headersSent) return;
  response.setHeader('Tus-Resumable', '1.0.0');
}
