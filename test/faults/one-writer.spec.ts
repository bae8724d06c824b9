import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { ResumingUpload, detail } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { between } from '../support/waiting.js';
import { KIB, type Answer, representation, sendChunk } from '../support/chunk-request.js';

const ROUNDS = rounds(200);
const FIRST = Buffer.from('the first chunk');
const OTHERS = ['Another request is writing this upload', 'Offsets do not match'];

describe.each([1, 2, 4])('writers at one offset, in %i process(es)', (processes) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(processes);
  });

  afterAll(() => cluster?.stop());

  it.each([2, 4, 8])('accepts exactly one of %i', async (writers) => {
    const first = await sendChunk(cluster.at(0).url, { id: null, start: 0, total: null }, FIRST);
    const { id } = representation(first);
    const accepted: Buffer[] = [FIRST];
    let offset = FIRST.length;

    for (let round = 0; round < ROUNDS; round += 1) {
      // Small ones arrive whole at once, large ones are written while others ask.
      const length = between(1, round % 2 === 0 ? 64 * KIB : 1024 * KIB);
      const bodies = Array.from({ length: writers }, () => randomBytes(length));
      const answers = await Promise.all(
        bodies.map((bytes, writer) =>
          sendChunk(
            cluster.at(writer).url,
            { id, start: offset, total: null, multipart: writer % 2 === 1 },
            bytes,
          ),
        ),
      );
      accepted.push(theAccepted(answers, bodies));
      offset += length;
    }

    const file = new ResumingUpload(Buffer.concat(accepted));
    file.id = id;
    expect(await file.ask(cluster.at(0).url)).toBe(offset);
    expect(await file.finish(cluster.at(0).url)).toEqual({ equal: true });
  });
});

function theAccepted(answers: readonly Answer[], bodies: readonly Buffer[]): Buffer {
  const winners = bodies.filter((_, index) => answers[index]?.status === 200);
  expect(winners, answers.map(({ status }) => status).join()).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === 200) continue;
    expect([423, 400]).toContain(answer.status);
    expect(OTHERS).toContain(detail(answer));
  }
  return winners[0] as Buffer;
}
