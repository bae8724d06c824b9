import { type ChunkedUploadElement } from './chunked-upload.element.js';
import { type UploadEvents } from './events.js';
import { type AttributeName } from './settings.js';

type Handlers = {
  [Name in keyof UploadEvents as `on${Name}`]?: (event: UploadEvents[Name]) => void;
};

/**
 * What `<chunked-upload>` takes in a template that is typed, such as JSX: its attributes, its properties
 * and a handler for each event. The README shows how to tell React of it.
 */
export type ChunkedUploadAttributes = Partial<Record<AttributeName, string | number>> &
  Partial<Pick<ChunkedUploadElement, 'fields' | 'fieldsFor' | 'headers' | 'texts'>> &
  Handlers;
