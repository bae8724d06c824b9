import { answerParent } from './parent.mjs';

const MiB = 1024 * 1024;
const STEP = 256;

const held = [];
for (let left = Number(process.env.BENCH_HOLD_MIB); left > 0; left -= STEP) {
  held.push(Buffer.allocUnsafeSlow(Math.min(left, STEP) * MiB).fill(1));
}
answerParent(`holding ${held.length} buffers`);
