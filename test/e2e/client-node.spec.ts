import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { uploadFile, uploadStream } from '../../dist/client/node/index.js';
import { BadNetwork } from '../support/bad-network.js';
import { type Host, startHost } from '../support/host.js';

const MIB = 1024 * 1024;
const CLI = fileURLToPath(new URL('../../dist/client/cli.js', import.meta.url));
const headers = { 'x-user': 'alice' };

describe('the client in Node, from the disk', () => {
  let host: Host;
  let network: BadNetwork;
  let folder: string;
  let film: string;
  const content = randomBytes(20 * MIB);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-node-'));
    film = join(folder, 'film.mp4');
    await writeFile(film, content);
    await writeFile(join(folder, 'a.txt'), 'a');
    host = await startHost();
  });
  afterAll(async () => {
    await host.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    network = await BadNetwork.to(host.url);
  });
  afterEach(() => network.close());

  const sumOf = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
  const stored = async (url: string): Promise<string> => {
    const path = new URL(url).pathname;
    const answer = await fetch(`${host.url}${path}`, { headers });
    return sumOf(new Uint8Array(await answer.arrayBuffer()));
  };
  const uploads = async (): Promise<number> => {
    const answer = await fetch(`${host.url}/uploads`, { headers });
    return ((await answer.json()) as object[]).length;
  };

  /** The command, as `npx` runs it. */
  const run = (...args: string[]) => {
    const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
    const child = spawn(process.execPath, [CLI, ...args], { env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    const end = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, out, err }));
    });
    return { child, end };
  };
  const to = (): string[] => ['--to', `${network.url}/uploads`, '--header', 'x-user: alice'];

  it('sends a path and a stream', async () => {
    const options = { endpoint: `${host.url}/uploads`, headers };
    const fromPath = await uploadFile(film, options);
    expect(fromPath.filename).toBe('film.mp4');
    expect(await stored(String(fromPath.file))).toBe(sumOf(content));
    const stream = Readable.from([content.subarray(0, MIB), content.subarray(MIB)]);
    const before = await readdir(tmpdir());
    const fromStream = await uploadStream(stream, { ...options, fileName: 'stream.mp4' });
    expect(await stored(String(fromStream.file))).toBe(sumOf(content));
    const left = (await readdir(tmpdir())).filter((name) => !before.includes(name));
    expect(left.filter((name) => name.startsWith('upload-'))).toEqual([]);
  });

  it('sends files by the command', async () => {
    const { code, out, err } = await run(film, join(folder, 'a.txt'), ...to()).end;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const urls = out.trim().split('\n');
    expect(await Promise.all(urls.map(stored))).toEqual([sumOf(content), sumOf(Buffer.from('a'))]);
  });

  it('sends files of one name, size and time from two folders', async () => {
    const paths = await Promise.all(
      ['one', 'two'].map(async (each) => {
        await mkdir(join(folder, each));
        const path = join(folder, each, 'same.txt');
        await writeFile(path, each);
        await utimes(path, 1_700_000_000, 1_700_000_000);
        return path;
      }),
    );
    const { code, out, err } = await run(...paths, ...to()).end;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await Promise.all(out.trim().split('\n').map(stored))).toEqual(
      ['one', 'two'].map((each) => sumOf(Buffer.from(each))),
    );
  });

  it('goes on where Ctrl-C stopped the command', async () => {
    const before = await uploads();
    const held = network.after(12 * MIB, 'hold');
    const first = run(film, ...to());
    await held;
    first.child.kill('SIGINT');
    const interrupted = await first.end;
    expect(interrupted.code).toBe(130);
    expect(interrupted.err).toMatch(/same command again/);
    network.release();
    const { code, out, err } = await run(film, ...to()).end;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await stored(out.trim())).toBe(sumOf(content));
    expect(await uploads()).toBe(before + 1);
  });

  it.skipIf(process.platform !== 'linux')(
    'shows its progress on one line of a terminal, which it fits',
    async () => {
      const held = network.after(12 * MIB, 'hold');
      const command = [process.execPath, CLI, film, join(folder, 'a.txt'), ...to()];
      const quoted = command.map((word) => `'${word}'`).join(' ');
      const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
      const script = ['-qec', `stty cols 50; ${quoted}`, '/dev/null'];
      const child = spawn('script', script, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let shown = '';
      child.stdout.on('data', (text) => (shown += String(text)));
      const closed = once(child, 'close');
      await held;
      await expect.poll(() => shown).toMatch(/\r\[=+> *\] +[1-9]\d* %/);
      network.release();
      expect(await closed).toEqual([0, null]);

      const [bar = '', ...urls] = shown.trimEnd().split('\r\n');
      // Each time from the left of the line, and the rest of it emptied.
      const steps = bar.replaceAll('\u001B[K', '<end>').split('\r').slice(1);
      expect(steps.length).toBeGreaterThan(1);
      for (const step of steps) expect(step).toMatch(/^\[[=> ]{24}\]\P{Cc}{0,23}<end>$/u);
      expect(steps.at(-1)).toContain('100 %');
      expect(await Promise.all(urls.map(stored))).toEqual([
        sumOf(content),
        sumOf(Buffer.from('a')),
      ]);
    },
  );

  it('writes lines without a bar where there is no terminal', async () => {
    const name = 'red \u001B[31m.txt';
    await writeFile(join(folder, name), 'x');
    const sent = await run(film, join(folder, name), ...to()).end;
    expect(sent).toMatchObject({ code: 0, err: '' });
    expect(sent.out).toMatch(/^http\P{Cc}+\nhttp\P{Cc}+\n$/u);
    const refused = await run(join(folder, name), '--to', `${network.url}/elsewhere`).end;
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^red \P{Cc}+\n$/u);
  });

  it('says why nothing gets on, and goes on trying', async () => {
    const { child, end } = run(join(folder, 'a.txt'), '--to', 'http://127.0.0.1:1/uploads');
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    await expect.poll(() => said).toMatch(/^The connection to the server was lost\. \(.*\) It is/);
    child.kill('SIGINT');
    const { code, err } = await end;
    expect(code).toBe(130);
    // Once, however often it has been tried.
    expect(err.match(/connection/g)).toHaveLength(1);
  });

  it('stops to keep a stream when its signal is aborted', async () => {
    const controller = new AbortController();
    const endless = new Readable({ read: () => undefined });
    endless.push('the beginning');
    const before = await readdir(tmpdir());
    const upload = uploadStream(endless, {
      endpoint: `${host.url}/uploads`,
      fileName: 'endless.txt',
      signal: controller.signal,
    });
    const added = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter(
        (each) => each.startsWith('upload-') && !before.includes(each),
      );
    await expect.poll(added).toHaveLength(1);
    controller.abort();
    await expect(upload).rejects.toMatchObject({ code: 'aborted' });
    expect(await added()).toEqual([]);
  });

  it.each([
    [['nothing.txt', '--to', 'http://localhost/uploads'], 1, /ENOENT/],
    [[], 2, /No files given/],
    [['a.txt'], 2, /--to URL/],
    [['a.txt', '--to', 'localhost'], 2, /must be a URL/],
    [['a.txt', '--to', 'http://localhost', '--at-once', 'x'], 2, /positive whole number/],
    [['--speed'], 2, /Unknown option/],
  ])('says what is wrong with %j', async (args, expected, words) => {
    const { code, err } = await run(...args).end;
    expect(code).toBe(expected);
    expect(err).toMatch(words);
  });

  it('says what the server refuses', async () => {
    const args = ['--to', `${network.url}/elsewhere`];
    const { code, err } = await run(join(folder, 'a.txt'), ...args).end;
    expect(code).toBe(1);
    expect(err).toMatch(/^a\.txt: /);
  });
});
