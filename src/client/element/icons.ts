const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a field of 24 by 24. */
const PATHS = {
  again: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5M7 3v4h4',
  audio:
    'M9 18V6l10-2v11.5M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Zm10-2.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'm6.5 6.5 11 11m0-11-11 11',
  download: 'M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14',
  file: 'M6.5 3.5h7l4.5 4.5v12.5H6.5Zm7 0V8H18',
  folder: 'M3.5 6.5a1 1 0 0 1 1-1h5l2 2.5h8a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1Z',
  image: 'M4.5 5h15v14h-15Zm.5 11 4.5-4.5 3.5 3.5 2.5-2.5 4 4M15 9.2h.01',
  offline:
    'M3 3l18 18M8.5 6.3A6 6 0 0 1 17.7 10 4.3 4.3 0 0 1 20 17.4M16.5 18.5H7A4.3 4.3 0 0 1 6.3 10',
  paper: 'M6.5 3.5h7l4.5 4.5v12.5H6.5Zm7 0V8H18M9.5 12.5h5m-5 3.5h5',
  pause: 'M8.5 6v12m7-12v12',
  play: 'M8.5 5.5v13l10-6.5Z',
  remove: 'M5 7h14M10 4h4M7 7l.8 12.5h8.4L17 7m-7 3.5v5.5m4-5.5v5.5',
  undo: 'M8 5 4.5 8.5 8 12M5 8.5h9a5 5 0 0 1 0 10H9.5',
  upload: 'M12 15.5V4m0 0L7 9m5-5 5 5M4.5 15v4a1 1 0 0 0 1 1h13a1 1 0 0 0 1-1v-4',
  video: 'M4 6h11v12H4Zm11 4.5 5-3v9l-5-3',
  warning: 'M12 4 2.8 20h18.4ZM12 10v4.5m0 2.7v.01',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing that says nothing to a screen reader: the words stand beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'path'));
  setIcon(svg, name);
  return svg;
}

/** Another drawing in the same place. */
export function setIcon(svg: SVGSVGElement, name: IconName): void {
  const path = svg.firstElementChild;
  if (path?.getAttribute('d') !== PATHS[name]) path?.setAttribute('d', PATHS[name]);
}

/** What a file is drawn as, by its MIME type. */
export function iconOf(type: string): IconName {
  const [group = ''] = type.split('/');
  if (group === 'image' || group === 'audio' || group === 'video') return group;
  return group === 'text' || type === 'application/pdf' ? 'paper' : 'file';
}
