// A worker thread that asks /health and sends small uploads, one after the other, each on a new
// connection: its times are not those of a test that is busy with other clients.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const BYTES = Buffer.alloc(256 * 1024, 'x');
let times = { health: [], uploads: [], failures: [] };

async function ask(name, method, path, headers, body) {
  const start = performance.now();
  const status = await new Promise((resolve) => {
    const asked = request(workerData.url + path, { method, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', (error) => resolve(error.code));
    asked.end(body);
  });
  times[name].push(performance.now() - start);
  if (status !== 200) times.failures.push(`${method} ${path}: ${status}`);
}

async function repeat(pauseMs, work) {
  for (;;) {
    await work();
    await sleep(pauseMs);
  }
}

// Often, so that a high percentile of a few seconds is more than the slowest answer.
void repeat(10, () => ask('health', 'GET', '/health', {}));
const headers = {
  'content-type': 'application/octet-stream',
  'content-length': BYTES.length,
  'content-range': `bytes 0-${BYTES.length - 1}/${BYTES.length}`,
};
void repeat(50, () => ask('uploads', 'PUT', '/uploads/files?filename=other', headers, BYTES));

// What has been seen since the last question.
parentPort.on('message', () => {
  parentPort.postMessage(times);
  times = { health: [], uploads: [], failures: [] };
});
