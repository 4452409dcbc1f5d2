/** What sections have in common. */
import { html, NOTHING, type Html, type Part } from '../html.ts';

/** `2026-11-24 10:00:03.250`, in UTC, which the head of the report says once. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return 'not known';
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

/** The same as an element that programs can read. */
export function timeOf(ms: number | undefined): Html {
  if (ms === undefined || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return html`<span>not known</span>`;
  return html`<time datetime="${new Date(ms).toISOString()}">${timeText(ms)}</time>`;
}

export function section(id: string, title: string, ...body: readonly Html[]): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${body}
  </section> `;
}

/** Names and values; a value that is absent takes its name with it. */
export function facts(rows: readonly (readonly [name: string, value: Part])[]): Html {
  const there = rows.filter(([, value]) => value !== undefined && value !== '');
  if (there.length === 0) return NOTHING;
  return html`<dl>
    ${there.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

export function note(text: string): Html {
  return html`<p class="note">${text}</p>`;
}

/** @param kind its class of the style; empty: none. */
export function table(headings: readonly string[], rows: readonly Html[], kind = ''): Html {
  const heads = headings.map((heading) => html`<th scope="col">${heading}</th> `);
  return html`<table class="${kind}">
    <thead>
      <tr>
        ${heads}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** What follows the first rows of a list is in the file, and not on the printed page. */
export function printClass(index: number, printed: number): string {
  return index < printed ? 'p' : 'screen';
}

/** Says on the printed page how many rows it leaves out. */
export function morePrinted(count: number, printed: number, what: string): Html {
  if (count <= printed) return NOTHING;
  return html`<p class="note print">${String(count - printed)} more ${what} are in the file.</p>`;
}
