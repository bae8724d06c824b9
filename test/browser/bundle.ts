import { fileURLToPath } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { compile } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';

/** Nothing is written here; packages know each other by their names in `node_modules`, which is above it. */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const CLIENT = fileURLToPath(new URL('../../dist/client/', import.meta.url));

const client: Plugin = {
  name: 'client',
  resolveId: (id) => {
    const [, entry] = /^nestjs-chunked-upload-client(\/element)?$/.exec(id) ?? [];
    return id.startsWith('nestjs-chunked-upload-client')
      ? `${CLIENT}${entry ?? ''}/index.js`
      : null;
  },
};

/** What the plug-ins of Vite do, without what makes a page change while one writes it. */
const components: Plugin = {
  name: 'components',
  transform: (code, filename) => {
    if (filename.endsWith('.vue')) {
      const { descriptor } = parse(code, { filename });
      const script = compileScript(descriptor, { id: filename, inlineTemplate: true });
      return { code: script.content, moduleType: 'js' };
    }
    if (filename.endsWith('.svelte')) {
      return { code: compile(code, { filename, dev: true }).js.code, moduleType: 'js' };
    }
    return null;
  },
};

/** Modules that know each other by their names, as if they lay in one folder. */
function modules(files: Readonly<Record<string, string>>): Plugin {
  const texts = new Map(Object.entries(files).map(([name, text]) => [`${HERE}${name}`, text]));
  return {
    name: 'modules',
    resolveId: (id, importer) => {
      if (importer !== undefined && !texts.has(importer)) return null;
      const path = id.replace(/^\.\//, HERE);
      const found = ['', '.ts', '.tsx'].map((ending) => path + ending);
      const module = found.find((each) => texts.has(each));
      // Our package says which of its files have side effects; those of an application have all of them.
      return module === undefined ? null : { id: module, moduleSideEffects: true };
    },
    load: (id) => texts.get(id) ?? null,
  };
}

/**
 * An application as one script, as a bundler of its developers would make it, with the client as it was
 * built.
 *
 * @param files by name; it begins with `entry.js`
 * @param mode of the frameworks: in `development` they say what is wrong
 * @param format `es`: a module, which exports what the entry does
 */
export async function bundle(
  files: Readonly<Record<string, string>>,
  mode: 'development' | 'production' = 'production',
  format: 'iife' | 'es' = 'iife',
): Promise<string> {
  const built = await rolldown({
    input: `${HERE}entry.js`,
    platform: 'browser',
    plugins: [modules(files), client, components],
    resolve: { conditionNames: [mode] },
    transform: {
      define: {
        'process.env.NODE_ENV': JSON.stringify(mode),
        __VUE_OPTIONS_API__: 'true',
        __VUE_PROD_DEVTOOLS__: 'false',
        __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      },
    },
    logLevel: 'silent',
  });
  try {
    const { output } = await built.generate({ format });
    return output[0].code;
  } finally {
    await built.close();
  }
}
