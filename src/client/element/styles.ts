// Adopted as a sheet rather than written into a <style>, which a strict Content-Security-Policy
// forbids. Colours follow the `color-scheme` of the page, or the one that the element is given.

const THEME = `
:host {
  --accent: var(--chunked-upload-accent, light-dark(#2f52d6, #92a8ff));
  --accent-ink: var(--chunked-upload-accent-ink, light-dark(#fff, #0d1124));
  --surface: var(--chunked-upload-surface, light-dark(#fff, #1b1e2a));
  --ink: var(--chunked-upload-ink, light-dark(#1c2030, #e8eaf2));
  --muted: var(--chunked-upload-muted, light-dark(#596076, #a3a9bd));
  --line: var(--chunked-upload-line, light-dark(#d9dde9, #363b4c));
  --good: var(--chunked-upload-good, light-dark(#187544, #63d296));
  --bad: var(--chunked-upload-bad, light-dark(#b3261e, #ff9a92));
  --radius: var(--chunked-upload-radius, 0.875rem);
  --tint: color-mix(in srgb, var(--accent) 9%, var(--surface));
  display: block;
  container: chunked-upload / inline-size;
  min-inline-size: 0;
  color: var(--ink);
  font: var(--chunked-upload-font, 1rem/1.45 system-ui, sans-serif);
  text-align: start;
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
h2, p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h2:focus-visible { outline-offset: 4px; border-radius: 0.1rem; }
.unseen {
  position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
svg {
  inline-size: 1.25rem; block-size: 1.25rem; flex: none; fill: none; stroke: currentcolor;
  stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round;
}
`;

const BUTTONS = `
button {
  display: inline-flex; align-items: center; justify-content: center; gap: 0.375rem;
  min-block-size: 2.25rem; padding: 0.25rem 0.75rem; margin: 0;
  border: 1px solid transparent; border-radius: 2rem; background: transparent; color: inherit;
  font: inherit; font-size: 0.875rem; font-weight: 500; cursor: pointer; white-space: nowrap;
}
button:hover { background: var(--tint); color: var(--accent); }
button svg { inline-size: 1.125rem; block-size: 1.125rem; }
.quiet { inline-size: 2.25rem; padding: 0; color: var(--muted); }
.quiet span {
  position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%);
}
.loud { border-color: var(--line); color: var(--accent); }
.loud:hover { border-color: var(--accent); }
.primary { background: var(--accent); color: var(--accent-ink); font-weight: 600; }
.primary:hover {
  background: color-mix(in srgb, var(--accent) 88%, var(--ink)); color: var(--accent-ink);
}
.chip { min-block-size: 1.875rem; border-color: var(--line); font-size: 0.8125rem; }
.chip[aria-pressed='true'] { border-color: var(--accent); background: var(--tint); color: var(--accent); }
`;

const DROP = `
.drop {
  display: flex; flex-flow: row wrap; align-items: center; justify-content: center;
  gap: 0.75rem; padding: 1.25rem;
  border: 2px dashed var(--line); border-radius: var(--radius);
  background: var(--surface); text-align: center; cursor: pointer;
}
.drop:hover { border-color: color-mix(in srgb, var(--accent) 50%, var(--line)); }
.drop .sign { display: none; }
.drop .hint { flex-basis: 100%; color: var(--muted); font-size: 0.875rem; text-wrap: balance; }
.drop .hint span { display: block; }
.drop .limits { margin-block-start: 0.25rem; }
.drop .limits:empty { display: none; }
.empty .drop { padding-block: clamp(1.5rem, 8cqi, 3.5rem); }
.empty .drop .sign { display: block; flex-basis: 100%; color: var(--accent); }
.empty .drop .sign svg {
  inline-size: 4rem; block-size: 4rem; padding: 1rem; border-radius: 50%; background: var(--tint);
}
.drop input { position: absolute; inline-size: 1px; block-size: 1px; opacity: 0; pointer-events: none; }
.overlay {
  position: fixed; inset: 0; z-index: 2147483647; inline-size: auto; block-size: auto;
  margin: 0; padding: clamp(0.75rem, 3vmin, 2rem); border: 0; overflow: hidden;
  background: color-mix(in srgb, var(--surface) 72%, transparent);
  color: var(--accent); pointer-events: none;
}
.overlay:not(.over) { display: none; }
.overlay > div {
  display: grid; place-items: center; block-size: 100%; padding: 1rem;
  border: 3px dashed var(--accent); border-radius: 1.25rem;
  background: color-mix(in srgb, var(--accent) 14%, transparent);
}
.overlay > div > div {
  display: grid; justify-items: center; gap: 0.25rem; padding: 1.5rem 2rem; text-align: center;
  border-radius: 1rem; background: var(--surface); box-shadow: 0 0.5rem 2.5rem rgb(0 0 0 / 0.25);
}
.overlay svg { inline-size: 3.5rem; block-size: 3.5rem; }
.overlay strong { font-size: clamp(1.25rem, 5vw, 1.75rem); }
.overlay p { color: var(--ink); }
`;

const PANEL = `
.panel, .notice {
  margin-block-start: 1rem; border: 1px solid var(--line); border-radius: var(--radius);
  background: var(--surface); overflow: clip;
}
.notice {
  display: flex; align-items: center; gap: 0.75rem; padding: 0.75rem 1rem;
  border-color: color-mix(in srgb, var(--bad) 40%, var(--line)); font-size: 0.9375rem;
}
.notice svg { color: var(--bad); }
.overview {
  display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.625rem 1rem; align-items: center;
  padding: 0.875rem 1rem; border-block-end: 1px solid var(--line);
}
.title { font-size: 1rem; font-weight: 600; line-height: 1.35; }
.overview > progress, .chips { grid-column: 1 / -1; }
.overview > progress { block-size: 0.5rem; }
.actions { display: flex; flex-wrap: wrap; justify-content: end; gap: 0.25rem; }
.overview .actions { gap: 0.5rem; }
.chips { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.status, .error { font-size: 0.8125rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.status { color: var(--muted); }
.error { color: var(--bad); }
.scroller {
  max-block-size: var(--chunked-upload-list-height, min(32rem, 56vh));
  overflow: hidden auto; overscroll-behavior: contain; scrollbar-gutter: auto;
}
.rows { position: relative; }
.rows > .row { position: absolute; inset-inline: 0; }
progress {
  display: block; inline-size: 100%; block-size: 0.25rem; border: 0; border-radius: 1rem;
  background: var(--line); color: var(--accent); overflow: hidden; appearance: none;
}
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { border-radius: 1rem; background: currentcolor; }
progress::-moz-progress-bar { border-radius: 1rem; background: currentcolor; }
`;

const ROWS = `
.row {
  display: grid; grid-template-columns: 2.75rem minmax(0, 1fr) auto; gap: 0.375rem 0.75rem;
  align-items: center; position: relative; min-block-size: 4.5rem; padding-block: 0.75rem 0.875rem; padding-inline: 1rem 0.5rem; border-block-end: 1px solid var(--line);
}
.row:last-child { border-block-end-color: transparent; }
/* Takes no room: a row stays as high as it is when the bar goes. */
.row > progress {
  position: absolute; inset-inline: 4.5rem 1rem; inset-block-end: 0.4375rem; inline-size: auto;
}
.thumbnail {
  position: relative; display: grid; place-items: center; align-self: start;
  inline-size: 2.75rem; block-size: 2.75rem; border-radius: 0.5rem;
  background: var(--tint); color: var(--accent);
}
.thumbnail canvas {
  inline-size: 100%; block-size: 100%; border-radius: inherit; object-fit: cover;
}
.thumbnail .mark {
  position: absolute; inset-block-end: -0.25rem; inset-inline-end: -0.25rem; display: none;
  inline-size: 1.125rem; block-size: 1.125rem; padding: 0.125rem; border-radius: 50%;
  outline: 2px solid var(--surface);
  background: var(--good); color: var(--surface); stroke-width: 3;
}
[data-state='complete'] .mark, [data-state='failed'] .mark { display: block; }
[data-state='failed'] .mark { background: var(--bad); stroke-width: 2.4; }
.name { font-weight: 500; font-size: 0.9375rem; white-space: pre; }
/* Chromium knows it by its older name only. */
.name bdi { display: block; text-align: -webkit-match-parent; text-align: match-parent; }
.stem { display: inline-block; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
[data-state='waiting'] > progress, [data-state='paused'] > progress { color: var(--muted); }
[data-state='retrying'] > progress { color: var(--bad); }
[data-state='cancelled'] .name { color: var(--muted); }
[data-state='cancelled'] .name span { text-decoration: line-through; }
[data-state='cancelled'] .thumbnail { opacity: 0.55; }
@container chunked-upload (inline-size < 30rem) {
  .overview { grid-template-columns: minmax(0, 1fr); }
  .overview .actions { justify-content: start; }
  .row { column-gap: 0.625rem; padding-inline: 0.75rem 0.25rem; }
  .row > progress { inset-inline: 4.125rem 0.75rem; }
}
@container chunked-upload (inline-size < 24rem) {
  .row:has(.worded) { grid-template-columns: 2.75rem minmax(0, 1fr); padding-inline-end: 0.75rem; }
  .row:has(.worded) .actions { grid-column: 2; justify-content: start; margin-inline-start: -0.25rem; }
  .row .loud:not(.worded) { inline-size: 2.25rem; padding: 0; border-color: transparent; }
  .row .loud:not(.worded) span {
    position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%);
  }
}
@media (hover: none) and (pointer: coarse) {
  .hint .how { display: none; }
  .hint:not(:has(.limits:not(:empty))) { display: none; }
}
@media (pointer: coarse) {
  button { min-block-size: 2.75rem; }
  .quiet { inline-size: 2.75rem; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .drop { transition: background-color 0.15s, border-color 0.15s, color 0.15s; }
  .overlay.over > div { animation: come 0.15s ease-out; }
  @keyframes come { from { opacity: 0; transform: scale(0.985); } }
  [data-state='completing'] > progress { animation: breathe 1.2s ease-in-out infinite alternate; }
  @keyframes breathe { to { opacity: 0.45; } }
}
@media (forced-colors: active) {
  .drop, .panel, .notice, button { border-color: ButtonBorder; }
  .primary, .primary:hover { background: ButtonText; color: ButtonFace; forced-color-adjust: none; }
  .row:last-child { border-block-end-color: Canvas; }
  .chip[aria-pressed='true'] { border: 2px solid Highlight; }
  .thumbnail { border: 1px solid CanvasText; }
  .thumbnail .mark { background: Canvas; color: CanvasText; forced-color-adjust: none; }
  .overlay { background: Canvas; }
  progress { border: 1px solid CanvasText; forced-color-adjust: none; background: Canvas; color: Highlight; }
  progress::-webkit-progress-bar { background: Canvas; }
}
`;

let sheet: CSSStyleSheet | null = null;

/** One for all elements of a page. */
export function styleSheet(): CSSStyleSheet {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(THEME + BUTTONS + DROP + PANEL + ROWS);
  }
  return sheet;
}
