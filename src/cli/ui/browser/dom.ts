/** Elements. A text that is put into one is text, whatever it holds. */

type Attributes = Readonly<Record<string, string>>;
type Child = Node | string;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function button(text: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', onClick);
  return element;
}

/** An element that the page is written with. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

/** When it closes, the button that has opened it may be gone. */
export function dialogById(id: string): HTMLDialogElement {
  const element = byId(id);
  if (!(element instanceof HTMLDialogElement)) throw new Error(`${id} is no dialog`);
  element.addEventListener('close', () => {
    // A button in it may have the focus until the next picture is drawn.
    const { activeElement, body } = document;
    if (activeElement === body || element.contains(activeElement)) byId('incidents-title').focus();
  });
  return element;
}

/** Nothing is written where it says so already: a live region would say it again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Names and values. */
export function factList(rows: readonly (readonly [name: string, value: string | undefined])[]): HTMLElement {
  const list = el('dl');
  for (const [name, value] of rows) {
    if (value !== undefined && value !== '') list.append(el('div', {}, el('dt', {}, name), el('dd', {}, value)));
  }
  return list;
}
