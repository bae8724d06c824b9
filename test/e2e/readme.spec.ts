import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';

const run = promisify(execFile);

interface Block {
  readonly language: string;
  readonly text: string;
}

let demo: Cluster;
let folder: string;
let blocks: Block[];

beforeAll(async () => {
  demo = await startCluster(1);
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
});

afterAll(async () => {
  await demo.stop();
  await rm(folder, { recursive: true });
});

function url(): string {
  return `http://localhost:${demo.at(0).port}`;
}

/** Runs a block as a reader would, but against this demo's port. */
async function shell(block: Block, environment: Record<string, string> = {}): Promise<string> {
  const script = block.text.replaceAll('http://localhost:3000', url());
  const env = { ...process.env, ...environment };
  const { stdout } = await run('bash', ['-euc', script], { cwd: folder, env });
  return stdout;
}

/** What must differ between two runs made the same. */
function normalized(json: string): unknown {
  return JSON.parse(
    json
      .replaceAll(url(), 'http://localhost:3000')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'),
  );
}

describe("the README's first screen", () => {
  it('uploads by two curls and shows the JSON that comes', async () => {
    const first = blocks.findIndex(({ text }) => text.includes('head -c 6000000'));
    const [begin, begun, finish, completed] = blocks.slice(first, first + 4);
    if (!begin || !begun || !finish || !completed) throw new Error('The first screen has changed');

    const answer = await shell(begin);
    expect(normalized(answer)).toEqual(normalized(begun.text));

    const { id } = JSON.parse(answer) as { id: string };
    const own = { ...finish, text: finish.text.replace(/^ID=\S+/m, `ID=${id}`) };
    const answers = (await shell(own)).trim().replaceAll('}{', '}\n{').split('\n');
    expect(answers).toHaveLength(2);
    expect(normalized(answers[1] ?? '')).toEqual(normalized(completed.text));

    const file = await fetch(`${url()}/uploads/files/${id}/file`);
    const sent = await readFile(join(folder, 'big.txt'));
    expect(Buffer.from(await file.arrayBuffer()).equals(sent)).toBe(true);
  });
});
