// A writer in a process of its own: `root file offset [bytes]`. It writes, says so, and writes on
// when its standard input ends.
import { once } from 'node:events';
import { LocalDiskStorage } from '../../dist/index.js';

const [root, file, offset, size = '5'] = process.argv.slice(2);
const storage = new LocalDiskStorage({ root });
const writer = await storage.open(JSON.parse(file), {
  offset: Number(offset),
  length: null,
  total: null,
  token: 'stopped',
  attempt: 1,
  contested: false,
});
const bytes = Buffer.alloc(Number(size), 'l');
await writer.write([bytes]);
await writer.sync();
console.log('written');
process.stdin.resume();
await once(process.stdin, 'end');
try {
  await writer.write([bytes]);
  await writer.sync();
} catch (error) {
  console.log(error.code);
}
await writer.close();
