import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { BlueimpPage } from './clients/blueimp-page.js';
import { useStage } from './stage.js';

describe.skipIf(!hasBrowser)(browserTitle('jQuery-File-Upload'), { timeout: 60_000 }, () => {
  const stage = useStage();
  const blueimp = new BlueimpPage(stage);

  it('sends a file in chunks, unchanged', async () => {
    const content = randomBytes(1_234_567);
    await blueimp.open();
    await blueimp.send('übung 1.bin', content);
    await stage.expectStored(await blueimp.done(), content, 'übung 1.bin');
    const paths = stage.answers('PUT').map((answer) => new URL(answer.url()).pathname);
    expect(paths).toEqual(Array.from({ length: 13 }, () => '/uploads/files'));
  });
});
