// findings.js: the list of findings: filter, sort, search, unfold.
import { el, number, plural, seconds } from './dom.js';
import { SEVERITIES, addonOf, frameText, jsText, siteText } from './model.js';

const PAGE = 200;

function excerpt(sources, path, line) {
  const lines = sources[path];
  if (!lines || lines[line] === undefined) return null;
  const rows = [];
  for (let i = Math.max(1, line - 3); i <= line + 3; i++)
    if (lines[i] !== undefined) rows.push(el('span', { class: i === line ? 'at' : null }, el('i', {}, i), lines[i] || ' '));
  return el('pre', { class: 'excerpt', tabindex: 0, 'aria-label': `source around line ${line}` }, rows);
}

function drawStack(stack, sources) {
  const list = el('ol', { class: 'frames' });
  let unfolded = false; // the source of the frame that says most, and of the JavaScript that called
  for (const frame of stack.frames) {
    const place = frame.line ? `${frame.path ?? frame.file}:${frame.line}` : `${frame.module ?? '?'}+${frame.offset}`;
    const source = frame.addon && !frame.binding && !unfolded ? excerpt(sources, frame.path, frame.line) : null;
    unfolded ||= source !== null;
    list.append(el('li', { class: frame.addon ? 'addon' : null }, `${frame.function ? `${frame.function} ` : ''}${place}${frame.inlined ? ' (inlined)' : ''}`, source));
  }
  stack.js.forEach((frame, index) =>
    list.append(el('li', {}, `at ${frame.function || '<anonymous>'} (${frame.path}:${frame.line ?? '?'}:${frame.column ?? '?'})`, index ? null : excerpt(sources, frame.path, frame.line))));
  return el('section', {}, el('h3', {}, stack.role), list);
}

function drawInside(finding, { sources, pages }) {
  const facts = [];
  const fact = (name, value) => value && facts.push(el('dt', {}, name), el('dd', {}, value));
  fact('no more than this', finding.reason);
  fact('what to do', finding.advice);
  fact('addon', finding.module && `${finding.module}${finding.package ? ` (${finding.package})` : ''}`);
  fact('where', `pid ${finding.pid}, env ${finding.env}${finding.thread?.id ? `, thread ${finding.thread.id} ${finding.thread.name}` : ''}${finding.init ? ', while the module initialised' : ''}`);
  fact('when', finding.count > 1 ? `first after ${seconds(finding.first_ms)}, last after ${seconds(finding.last_ms)}` : `after ${seconds(finding.first_ms)}`);
  for (const held of finding.held ?? []) fact('held by', `${held.where} (${number(held.count)})`);
  if (finding.site) {
    fact('the site', `${number(finding.site.created)} made, ${number(finding.site.released)} released, ${number(finding.site.live)} live, ${number(finding.site.peak)} at once`);
    for (const fate of finding.site.fates) fact('others', `${number(fate.count)} were ${fate.verb}${fate.frame ? ` in ${frameText(fate.frame)}` : ''}`);
  }
  for (const line of finding.facts ?? []) fact('note', line);
  fact('suppressed by', finding.suppressed_by);
  const copy = el('button', { type: 'button', onclick: async () => {
    await navigator.clipboard?.writeText(finding.suppression).then(() => (copy.textContent = 'Copied'), () => {});
  } }, 'Copy');
  return el('div', { class: 'inside' }, el('p', { class: 'message' }, finding.message), el('dl', {}, facts), finding.stacks.map((stack) => drawStack(stack, sources)),
    el('p', {}, 'Suppress: ', el('code', {}, finding.suppression), ' ', navigator.clipboard ? copy : null),
    el('details', { class: 'explained' }, el('summary', {}, 'What it means, an example, the fix'), el('pre', { class: 'excerpt', tabindex: 0 }, el('span', {}, pages[finding.kind]))),
    el('p', { class: 'quiet' }, 'Explained by ', el('code', {}, `napicheck explain ${finding.kind}`), `; fingerprint ${finding.fingerprint}`));
}

function drawFinding(finding, data) {
  const state = finding.state ? ` (${finding.state})` : '';
  const item = el('details', { class: `finding ${finding.severity}` },
    el('summary', {}, el('span', {}, el('span', { class: 'severity' }, finding.severity), ' ', el('b', {}, finding.kind), finding.evidence ? ` (${finding.evidence})` : '', state),
      el('span', { class: 'count' }, finding.count > 1 ? `×${number(finding.count)}` : ''),
      el('span', { class: 'site mono quiet' }, [addonOf(finding), siteText(finding.stacks)].filter(Boolean).join(': '))));
  item.addEventListener('toggle', () => { if (item.open && !item.lastElementChild.classList.contains('inside')) item.append(drawInside(finding, data)); });
  return item;
}

const orders = {
  severity: (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.count - a.count,
  count: (a, b) => b.count - a.count,
  kind: (a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : b.count - a.count),
  addon: (a, b) => addonOf(a).localeCompare(addonOf(b)) || b.count - a.count,
  first: (a, b) => a.first_ms - b.first_ms,
};

export function drawFindings(data) {
  const state = { text: '', severities: new Set(SEVERITIES), kind: '', addon: '', order: 'severity', accepted: false };
  const list = el('div', { id: 'finding-list' });
  const status = el('p', { class: 'quiet', role: 'status' });
  const more = el('button', { type: 'button', onclick: () => add() });
  let chosen = [], shown = 0;
  const add = () => {
    list.append(...chosen.slice(shown, shown + PAGE).map((finding) => drawFinding(finding, data)));
    shown = Math.min(chosen.length, shown + PAGE);
    more.hidden = shown >= chosen.length;
    more.textContent = `Show ${number(Math.min(PAGE, chosen.length - shown))} more of ${number(chosen.length - shown)}`;
  };
  const draw = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    chosen = data.findings.filter((finding) => state.severities.has(finding.severity) && (!state.kind || finding.kind === state.kind) && (!state.addon || addonOf(finding) === state.addon) &&
      (state.accepted || !finding.state) && words.every((word) => finding.text.includes(word)));
    chosen.sort((a, b) => orders[state.order](a, b) || a.index - b.index);
    list.replaceChildren();
    shown = 0;
    add();
    status.textContent = `${plural(chosen.length, 'finding')} of ${number(data.findings.length)}`;
  };
  let timer;
  const search = el('input', { type: 'search', placeholder: 'Search kind, message, function, file, addon', 'aria-label': 'Search the findings', oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.text = search.value; draw(); }, 80);
  } });
  const boxes = SEVERITIES.map((severity) => {
    const box = el('input', { type: 'checkbox', checked: true, onchange: () => { state.severities[box.checked ? 'add' : 'delete'](severity); draw(); } });
    return el('label', { class: severity }, box, ' ', el('span', { class: 'severity' }, severity));
  });
  const choice = (label, key, options) => {
    const select = el('select', { 'aria-label': label, onchange: () => { state[key] = select.value; draw(); } }, options.map(([value, text]) => el('option', { value }, text)));
    return select;
  };
  const values = (of) => [...new Set(data.findings.map(of))].sort().map((value) => [value, value]);
  const kinds = choice('Kind', 'kind', [['', 'every kind'], ...values((finding) => finding.kind)]);
  const addons = choice('Addon', 'addon', [['', 'every addon'], ...values(addonOf)]);
  const order = choice('Order', 'order', [['severity', 'worst first'], ['count', 'most first'], ['kind', 'by kind'], ['addon', 'by addon'], ['first', 'in order of time']]);
  const accepted = data.findings.some((finding) => finding.state) ? el('label', {}, el('input', { type: 'checkbox', onchange: (event) => { state.accepted = event.target.checked; draw(); } }), ' suppressed too') : null;
  const unfold = el('button', { type: 'button', onclick: () => {
    const closed = [...list.children].filter((item) => !item.open);
    for (const item of closed.length ? closed : [...list.children]) item.open = closed.length > 0;
  } }, 'Unfold all shown');
  draw();
  return {
    element: el('section', { id: 'findings', 'aria-labelledby': 'findings-title' }, el('h2', { id: 'findings-title' }, 'Findings'),
      el('div', { class: 'controls' }, search, boxes, kinds, addons, order, accepted, unfold), status, list, more),
    choose(kind, addon) {
      state.kind = kinds.value = kind;
      state.addon = addons.value = addon;
      draw();
      document.getElementById('findings').scrollIntoView();
      list.querySelector('summary')?.focus({ preventScroll: true });
    },
  };
}
