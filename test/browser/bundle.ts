import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** There is no such file; packages know each other by their names in `node_modules`, which is above it. */
const ENTRY = fileURLToPath(new URL('./entry.js', import.meta.url));

/** A module and what it imports as one script, as a bundler of its users would make it. */
export async function bundle(source: string): Promise<string> {
  const built = await rolldown({
    input: ENTRY,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? source : null),
      },
    ],
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    logLevel: 'silent',
  });
  try {
    const { output } = await built.generate({ format: 'iife' });
    return output[0].code;
  } finally {
    await built.close();
  }
}
