import '../../client/element/index.js';
import { headersOf } from './account.js';
import { Settings } from './settings.js';

// Everything else is the element's own work.
const upload = document.querySelector('chunked-upload');

new Settings().follow(({ endpoint, user, owner }) => {
  if (!upload) return;
  if (upload.getAttribute('scope') !== user) upload.headers = headersOf(user);
  upload.setAttribute('scope', user);
  upload.setAttribute('endpoint', endpoint);
  upload.fields = owner;
});
