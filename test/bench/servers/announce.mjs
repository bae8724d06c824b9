/** The environment of a server, as turn.mjs sets it. */
export const directory = process.env.BENCH_DATA_DIR;
export const options = JSON.parse(process.env.BENCH_OPTIONS ?? '{}');

/** Says where the server listens, and ends the process with the one that started it. */
export function announce(server) {
  console.log(`http://127.0.0.1:${server.address().port}`);
  process.stdin.on('end', () => process.exit()).resume();
}

export function listen(server) {
  server.listen(0, '127.0.0.1', () => announce(server));
}
