// dom.js: elements from data. All text of a report goes through text nodes and set attributes, never
// through HTML: it comes from a stranger's process.

/** el('td', { class: 'number' }, 'text', child, ...) */
export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

export const number = (n) => Number(n ?? 0).toLocaleString('en-US');
export const plural = (n, word) => `${number(n)} ${word}${n === 1 ? '' : 's'}`;
export const seconds = (ms) => `${(ms / 1000).toFixed(3)} s`;

/** A table whose rows come in pages, so that ten thousand of them cost nothing. */
export function table(columns, rows, row, page = 50) {
  const body = el('tbody');
  const more = el('button', { type: 'button', onclick: () => add() });
  let shown = 0;
  const add = () => {
    body.append(...rows.slice(shown, shown + page).map(row));
    shown = Math.min(rows.length, shown + page);
    more.textContent = `Show ${number(Math.min(page, rows.length - shown))} more of ${number(rows.length - shown)}`;
    more.hidden = shown >= rows.length;
    page = 500;
  };
  add();
  const head = columns.map((column) => el('th', { scope: 'col', class: column.class }, column.name ?? column));
  return el('div', {}, el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'table' }, el('table', {}, el('thead', {}, el('tr', {}, head)), body)), more);
}

/** Draws a chart when it comes near the screen or onto paper, and again when its width or the colours change. */
export function onResize(element, draw) {
  let width = 0, near = false;
  const look = () => {
    const now = Math.floor(element.clientWidth);
    if (near && now && now !== width) draw((width = now));
  };
  const seen = new IntersectionObserver((entries) => { near ||= entries.some((entry) => entry.isIntersecting); look(); }, { rootMargin: '600px' });
  seen.observe(element);
  new ResizeObserver(look).observe(element);
  addEventListener('beforeprint', () => { near = true; look(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { width = 0; look(); });
}

export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
