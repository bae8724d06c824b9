import { type Representation } from '../../client/index.js';
import { headersOf } from './account.js';
import { element } from './element.js';

/**
 * What gets the finished file back. Anybody's file is a plain link; a user's needs the header that
 * a link cannot send, so that it is fetched and handed over, which takes memory of its size.
 */
export function downloadControl({ file, filename }: Representation, user: string): HTMLElement {
  const path = new URL(file ?? '', location.href).pathname;
  const className = 'button primary';
  if (user === '') {
    return element('a', { href: path, download: filename, className, textContent: 'Download' });
  }
  const button = element('button', { type: 'button', className, textContent: 'Download' });
  button.addEventListener('click', () => {
    button.disabled = true;
    fetchFile(path, filename, user)
      .catch(() => (button.textContent = 'Download failed, try again'))
      .finally(() => (button.disabled = false));
  });
  return button;
}

async function fetchFile(path: string, filename: string, user: string): Promise<void> {
  const response = await fetch(path, { headers: headersOf(user) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const href = URL.createObjectURL(await response.blob());
  element('a', { href, download: filename }).click();
  // The browser has to open it before it may go.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
