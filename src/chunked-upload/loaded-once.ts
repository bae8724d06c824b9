/** What this is built as; the other build has its own name here. */
const FORMAT = 'an ES module';

const KEY = Symbol.for('nestjs-chunked-upload');

/**
 * A class that is there twice is another to `instanceof`, to Nest's injector and to TypeORM. Node loads
 * the ES modules alone, also by `require`; where something else has loaded both, this says so at once.
 */
const formats = globalThis as { [KEY]?: string };
if (formats[KEY] !== undefined && formats[KEY] !== FORMAT) {
  throw new Error(
    `nestjs-chunked-upload was loaded both as ${formats[KEY]} and as ${FORMAT}, so its classes would exist ` +
      'twice: load it with `import` everywhere, or with `require` everywhere.',
  );
}
formats[KEY] = FORMAT;
