import { type Interface, createInterface } from 'node:readline/promises';

/** Asks whoever sits at the terminal, or takes the lines that are piped in. */
export class Questions {
  /** One for all questions: what it has read ahead is the answer to the next of them. */
  #piped: { readonly lines: Interface; readonly answers: AsyncIterator<string> } | null = null;

  /** `unanswered` is thrown at the end of an input that is no terminal. */
  constructor(private readonly unanswered: () => Error) {}

  /**
   * Asks until the answer is one of `choices` or its first letters; `otherwise` where somebody leaves
   * the terminal without one.
   */
  async ask<C extends string>(question: string, choices: readonly C[], otherwise: C): Promise<C> {
    const letters = choices.map((choice) => choice.charAt(0)).join('/');
    const prompt = `${question} (${letters}): `;
    for (;;) {
      const { isTTY } = process.stdin;
      const answer = await (isTTY ? readAnswer(prompt) : this.#readPiped(prompt));
      if (answer === null) {
        console.log();
        if (!isTTY) throw this.unanswered();
        return otherwise;
      }
      const given = answer.trim().toLowerCase();
      const chosen = choices.find((choice) => given !== '' && choice.startsWith(given));
      if (chosen !== undefined) return chosen;
    }
  }

  /** Null at the end of the input. */
  async #readPiped(prompt: string): Promise<string | null> {
    process.stdout.write(prompt);
    this.#piped ??= piped();
    const line = await this.#piped.answers.next();
    if (line.done) return null;
    // As a terminal shows what is typed.
    console.log(line.value);
    return line.value;
  }

  /** No more will be asked. */
  close(): void {
    this.#piped?.lines.close();
  }
}

function piped() {
  const lines = createInterface({ input: process.stdin });
  return { lines, answers: lines[Symbol.asyncIterator]() };
}

/** Null at the end of the input, and after Ctrl-C. */
async function readAnswer(prompt: string): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const ended = new Promise<null>((resolve) => {
      lines.once('close', () => resolve(null));
    });
    return await Promise.race([lines.question(prompt), ended]);
  } finally {
    lines.close();
  }
}
