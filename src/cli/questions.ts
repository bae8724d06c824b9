import { createInterface } from 'node:readline/promises';

/**
 * Asks until the answer is one of `choices` or its first letters; `otherwise` where nobody answers
 * any more.
 */
export async function ask<C extends string>(
  question: string,
  choices: readonly C[],
  otherwise: C,
): Promise<C> {
  for (;;) {
    const letters = choices.map((choice) => choice.charAt(0)).join('/');
    const answer = await readAnswer(`${question} (${letters}): `);
    if (answer === null) {
      console.log();
      return otherwise;
    }
    const given = answer.trim().toLowerCase();
    const chosen = choices.find((choice) => given !== '' && choice.startsWith(given));
    if (chosen !== undefined) return chosen;
  }
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
