/*
 * Loaded into a server before its own modules (`--import`) when it is profiled: counts what it asks
 * of the database, of the file system and of its own threads, and the requests that it answers.
 */
import { subscribe } from 'node:diagnostics_channel';
import { MessagePort, isMainThread } from 'node:worker_threads';
import { count, countCalls } from './calls.mjs';
import { countFileCalls } from './file-calls.mjs';
import { countStatements } from './statements.mjs';

function countRequests() {
  const starts = new WeakMap();
  subscribe('http.server.request.start', ({ request }) => starts.set(request, performance.now()));
  subscribe('http.server.response.finish', ({ request }) => {
    count('request', (performance.now() - starts.get(request)) / 1000);
  });
}

// A worker inherits the flags of its process; it is seen from there.
if (isMainThread) {
  countRequests();
  countStatements();
  await countFileCalls();
  // A worker's own `postMessage` uses its port's.
  countCalls(MessagePort.prototype, 'postMessage', () => 'message to a thread');
}
