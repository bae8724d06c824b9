import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { hasDied, thisHolder } from '../../src/chunked-upload/engine/lease-holder.js';

const BUILT = fileURLToPath(
  new URL('../../dist/chunked-upload/engine/lease-holder.js', import.meta.url),
);

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** The holder's name as another process of this machine would write it. */
async function anotherProcess(): Promise<{ holder: string; end: () => Promise<void> }> {
  const program = `import(${JSON.stringify(BUILT)}).then(({ thisHolder }) => {
    console.log(thisHolder()); setInterval(() => {}, 1000);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { holder: line.toString().trim(), end };
}

/** What a program says that runs with few descriptors, after it has used up all but `left` of them. */
function withoutDescriptors(left: number, program: string): string {
  const all = `import(${JSON.stringify(BUILT)}).then(({ hasDied, thisHolder }) => {
    const fs = require('node:fs');
    const held = [];
    const say = (words) => fs.writeSync(1, words + '\\n');
    try { for (;;) held.push(fs.openSync('/dev/null')); } catch (error) { say(error.code); }
    for (let n = 0; n < ${left}; n += 1) fs.closeSync(held.pop());
    ${program}
  })`;
  const shell = ['-c', 'ulimit -n 64 && exec "$0" -e "$1"', process.execPath, all];
  return execFileSync('sh', shell).toString().trim();
}

describe('A lease holder', () => {
  it('is alive as long as its process runs', async () => {
    const { holder } = await anotherProcess();
    expect(hasDied(thisHolder())).toBe(false);
    expect(hasDied(holder)).toBe(false);
  });

  it('has died when its process has ended', async () => {
    const { holder, end } = await anotherProcess();
    await end();
    expect(hasDied(holder)).toBe(true);
  });

  it('has died when its process id is another process’ now', () => {
    const [boot, namespace, pid, start] = (thisHolder() ?? '').split(' ');
    expect(hasDied(`${boot} ${namespace} ${pid} ${Number(start) - 1}`)).toBe(true);
  });

  it.each([null, '', 'nonsense', 'boot pid:[1] 1 1'])(
    'of elsewhere counts as alive: %s',
    (holder) => {
      expect(hasDied(holder)).toBe(false);
    },
  );

  it('is alive where no descriptor is left to read /proc with', async () => {
    const { holder, end } = await anotherProcess();
    const judged = () =>
      withoutDescriptors(0, `say(String(hasDied(${JSON.stringify(holder)})));`).split('\n');
    expect(judged()).toEqual(['EMFILE', 'false']);
    await end();
    // Of it nothing can be seen either: its lease runs out.
    expect(judged()).toEqual(['EMFILE', 'false']);
    const one = withoutDescriptors(1, `say(String(hasDied(${JSON.stringify(holder)})));`);
    expect(one.split('\n')).toEqual(['EMFILE', 'true']);
  });

  it.each(['EMFILE', 'ENFILE'])(
    'is alive where the last descriptor goes while it is judged: %s',
    async (code) => {
      const { holder } = await anotherProcess();
      // A program of its own, whose file system has none left for what describes a process.
      const program = `
        const { readFileSync } = fs;
        fs.readFileSync = (path, ...rest) => {
          if (!/^\\/proc\\/\\d+\\//.test(String(path))) return readFileSync(path, ...rest);
          throw Object.assign(new Error('${code}'), { code: '${code}' });
        };
        require('node:module').syncBuiltinESMExports();
        say(String(hasDied(${JSON.stringify(holder)})));`;
      expect(withoutDescriptors(1, program).split('\n')).toEqual(['EMFILE', 'false']);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    'is alive where /proc hides it (only root can try this: run the tests as root)',
    async () => {
      // Somebody else may not be let through the folders above this checkout.
      const folder = await mkdtemp(join(tmpdir(), 'lease-holder-'));
      await chmod(folder, 0o755);
      const readable = join(folder, 'lease-holder.mjs');
      await copyFile(BUILT, readable);
      const program = `import(${JSON.stringify(readable)}).then(({ hasDied }) =>
        console.log(hasDied(${JSON.stringify(thisHolder())})))`;
      const mount = 'mount -t proc -o hidepid=2 proc /proc';
      const asNobody = `exec setpriv --reuid=65534 --regid=65534 --clear-groups ${process.execPath} -e "$1"`;
      const shell = ['-m', 'sh', '-c', `${mount} && ${asNobody}`, 'sh', program];
      try {
        expect(execFileSync('unshare', shell).toString().trim()).toBe('false');
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
