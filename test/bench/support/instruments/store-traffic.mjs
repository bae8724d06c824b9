/*
 * Loaded into a server before its own modules (`--import`) that keeps its files in an S3 store: all
 * that it asks of anybody by HTTP are requests to the store.
 */
import { subscribe } from 'node:diagnostics_channel';

let requests = 0;
const sockets = new Set();
let sentByClosed = 0;

function watch(socket) {
  if (sockets.has(socket)) return;
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    sentByClosed += socket.bytesWritten;
  });
}

subscribe('http.client.request.start', ({ request }) => {
  requests += 1;
  // It may have been given one already.
  if (request.socket) watch(request.socket);
  else request.once('socket', watch);
});

/** So far: requests, and bytes with all that HTTP adds. */
globalThis.benchStoreTraffic = () => ({
  requests,
  sent: sentByClosed + [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
});
