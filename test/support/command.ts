import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = `${ROOT}dist/cli.js`;

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the built command as a process of its own, without a terminal. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return run(process.execPath, [COMMAND, ...args], env, null);
}

/** The same with an input that is there from the start, as after a pipe; null: /dev/null. */
export async function pipeCommand(
  args: readonly string[],
  input: string | null,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return run(process.execPath, [COMMAND, ...args], env, null, input);
}

/** The same at a terminal, where somebody answers the questions and leaves at the first without one. */
export async function answerCommand(
  args: readonly string[],
  answers: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const words = [process.execPath, COMMAND, ...args].map((word) => `'${word}'`);
  // util-linux' `script` gives its command a terminal, and ends as that does.
  const script = ['--quiet', '--return', '--echo', 'never', '--command', words.join(' ')];
  return run('script', [...script, '/dev/null'], env, answers);
}

async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  answers: readonly string[] | null,
  input: string | null = '',
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let questions = 0;
  const { stdin, stdout, stderr } = child;
  stderr?.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  stdout?.on('data', (piece: Buffer) => {
    output += piece.toString();
    while (output.split('): ').length - 1 > questions) {
      const answer = answers?.[questions];
      questions += 1;
      if (answer === undefined) stdin?.end();
      else stdin?.write(`${answer}\n`);
    }
  });
  if (!answers) stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output.replaceAll('\r\n', '\n'), errors };
}
