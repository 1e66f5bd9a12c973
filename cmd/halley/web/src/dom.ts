/** byId returns an element that the page is known to have, of the given class. */
export function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no such #${id}`);
  return element;
}

/** part returns any element that the page is known to have. */
export function part(id: string): HTMLElement {
  return byId(id, HTMLElement);
}

/** make creates an element with a class and attributes. */
export function make(tag: string, className = "", attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Label is an element whose text changes often: the text node is kept, and written only when it differs. */
export class Label {
  readonly #text = document.createTextNode("");

  constructor(readonly element: HTMLElement) {
    element.replaceChildren(this.#text);
  }

  get text(): string {
    return this.#text.data;
  }

  set(text: string): void {
    if (this.#text.data !== text) this.#text.data = text;
  }
}
