import { element } from './dom.js';

/** Letters of an ending that is always shown. */
const LONGEST = 8;

/**
 * A name that is cut in the middle where it is too long, so that its ending stays to be read. It is
 * written in the direction of its own letters, whatever that of the page is.
 */
export function fileName(name: string): HTMLElement {
  const dot = name.lastIndexOf('.');
  const cut = dot > 0 && name.length - dot <= LONGEST ? dot : name.length;
  const stem = element('span', { className: 'stem', textContent: name.slice(0, cut) });
  const ending = element('span', { textContent: name.slice(cut) });
  stem.style.maxInlineSize = `calc(100% - ${name.length - cut}ch)`;
  const whole = element('bdi', {}, stem, ending);
  return element('p', { part: 'name', className: 'name', title: name }, whole);
}
