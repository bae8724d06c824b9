/** Makes an element with properties and children; text stays text, whatever it holds. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * The element of the page with this id.
 *
 * @throws TypeError when index.html has no such element of this kind
 */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new TypeError(`The page has no ${kind.name} with the id ${id}`);
}

export function button(id: string): HTMLButtonElement {
  return byId(id, HTMLButtonElement);
}

/** Tells a screen reader what happened, when it has nothing more important to say. */
export function announce(sentence: string): void {
  byId('announcer', HTMLElement).textContent = sentence;
}
