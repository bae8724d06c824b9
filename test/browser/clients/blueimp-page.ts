import { md5 } from '../../support/upload-client.js';
import { type ClientOptions, ClientPage } from './client-page.js';

/** The plug-in and what it needs, in the order in which it wants to be loaded. */
const PACKAGES = [
  'jquery/dist/jquery.js',
  'blueimp-file-upload/js/vendor/jquery.ui.widget.js',
  'blueimp-file-upload/js/jquery.fileupload.js',
];

/**
 * As its users write it for drf-chunked-upload, with its documentation's way to go on by itself. Sums are
 * computed elsewhere in their pages.
 */
const SCRIPT = `
  const url = endpoint;
  let formData = [];
  let tries = 0;
  const idOf = () => (formData[0] ? formData[0].value : '');
  const tryLater = (work) => {
    tries += 1;
    if (tries > 5) return say('failed', sentence(''));
    setTimeout(work, 100 * tries);
  };
  const complete = (id) =>
    $.ajax({
      type: 'POST',
      url,
      dataType: 'json',
      data: { upload_id: id, md5: window.md5 },
      success: ({ id }) => say('done', id),
      error: ({ status, responseText }) => {
        if (status === 0) return tryLater(() => complete(id));
        say('failed', sentence(responseText));
      },
    });
  window.widget = $('#input').fileupload({
    url,
    dataType: 'json',
    type: 'PUT',
    paramName: 'file',
    maxChunkSize: 100000,
    formData: () => formData,
    add: (event, data) => {
      formData = [];
      tries = 0;
      window.request = data.submit();
    },
    chunkdone: (event, { result }) => {
      tries = 0;
      formData = [{ name: 'upload_id', value: result.id }];
    },
    done: (event, { result }) => complete(result.id),
    fail: (event, data) => {
      const { status, responseText, responseJSON } = data.jqXHR;
      if (data.errorThrown === 'abort') return;
      const goOn = (offset) => {
        // Nothing but the last answer was lost.
        if (offset === data.files[0].size) return complete(idOf());
        data.uploadedBytes = offset;
        data.data = null;
        window.request = data.submit();
      };
      const tryAgain = () =>
        tryLater(async () => {
          if (!idOf()) return goOn(0);
          const answer = await fetch(url + '/' + idOf(), { method: 'HEAD' }).catch(() => null);
          if (!answer || !answer.ok) return tryAgain();
          goOn(Number(answer.headers.get('Upload-Offset')));
        });
      // Another request may be writing: the one that broke, of which the server does not know that yet.
      if (status === 0 || status === 423) return tryAgain();
      // A browser sends again what a kept connection has lost, of which the server may have kept a part.
      const { expected_offset } = responseJSON || {};
      if (expected_offset !== undefined && tries < 5) return goOn(expected_offset);
      say('failed', sentence(responseText));
    },
    ...options,
  });
  window.giveUp = () => {
    request.abort();
    $.ajax({ type: 'DELETE', url, data: { upload_id: idOf() } });
  };`;

/** jQuery-File-Upload, which speaks Content-Range. */
export class BlueimpPage extends ClientPage {
  override async open(endpoint = '/uploads/files', options: ClientOptions = {}): Promise<void> {
    await this.openPage('<input type="file" id="input">');
    for (const file of PACKAGES) await this.addPackage(file);
    await this.addScript(SCRIPT, { endpoint, options });
  }

  override async choose(name: string, bytes: Buffer): Promise<void> {
    await this.addScript('window.md5 = sum;', { sum: md5(bytes) });
    await super.choose(name, bytes);
  }

  override async giveUp(): Promise<void> {
    await this.page.evaluate('giveUp()');
  }
}
