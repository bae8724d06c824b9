import { activity } from '../support/instruments/activity.mjs';
import { answerParent } from '../support/parent.mjs';

/** The environment of a server, as support/server.mjs sets it. */
export const directory = process.env.BENCH_DATA_DIR;
export const options = JSON.parse(process.env.BENCH_OPTIONS ?? '{}');

/** Says where the server listens. */
export function announce(server) {
  answerParent(`http://127.0.0.1:${server.address().port}`, { activity });
}

export function listen(server) {
  server.listen(0, '127.0.0.1', () => announce(server));
}
