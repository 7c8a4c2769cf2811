// charts.js: live counts over time, live references by creation stack, the order of finalizers.
import uPlot from 'uplot';
import flamegraph from 'd3-flame-graph';
import { select } from 'd3-selection';
import { color, el, number, onResize, plural, seconds, table } from './dom.js';
import { addonOf, liveTree, siteText } from './model.js';

// Colours that hold on both backgrounds and are told apart by most people (Okabe and Ito's, without black).
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#56b4e9', '#8a63d2', '#7f7f7f'];
const MAX_LISTED = 24;

const axis = (more) => ({ stroke: color('quiet'), grid: { stroke: color('line'), width: 1 }, ticks: { stroke: color('line') }, ...more });
const short = (n) => (Math.abs(n) >= 1e6 ? `${+(n / 1e6).toFixed(1)}M` : Math.abs(n) >= 1e4 ? `${+(n / 1e3).toFixed(1)}k` : number(n));

function drawPlot(box, width, options, data) {
  box.replaceChildren();
  new uPlot({ width, height: Math.min(340, Math.max(220, width * 0.45)), scales: { x: { time: false } }, ...options }, data, box);
}

export function drawSeries(sites) {
  const rows = sites.filter((site) => site.series).sort((a, b) => b.peak - a.peak).slice(0, MAX_LISTED);
  if (!rows.length) return null;
  const on = new Set(rows.slice(0, Math.min(6, rows.length)));
  const box = el('div', { class: 'chart', role: 'img', 'aria-label': 'live counts over time; the table of sites below holds the numbers' });
  let width = 0;
  const draw = () => {
    const drawn = rows.filter((site) => on.has(site));
    if (!drawn.length || !width) return box.replaceChildren(el('p', { class: 'quiet' }, 'No site is chosen.'));
    const tables = drawn.map(({ series }) => [series.live.map((_, i) => (series.start_ms + (i + 1) * series.bucket_ms) / 1000), series.live]);
    drawPlot(box, width, {
      axes: [axis({ label: 'seconds since the start', labelSize: 22 }), axis({ size: 62, values: (_, ticks) => ticks.map(short) })],
      series: [{ label: 's' }, ...drawn.map((site) => ({ label: `${site.kind} ${siteText([site.stack])}`.slice(0, 60), stroke: PALETTE[rows.indexOf(site) % PALETTE.length], width: 2, spanGaps: true }))],
      legend: { show: false },
    }, uPlot.join(tables));
  };
  const legend = rows.map((site, index) => {
    const check = el('input', { type: 'checkbox', checked: on.has(site), onchange: () => { on[check.checked ? 'add' : 'delete'](site); draw(); } });
    const swatch = el('i');
    swatch.style.background = PALETTE[index % PALETTE.length];
    return el('label', {}, check, swatch, el('span', {}, el('span', { class: 'mono' }, siteText([site.stack]) || site.function || '?'), ` ${site.kind.replaceAll('_', ' ')}, ${number(site.live)} live, ${number(site.peak)} at most`));
  });
  onResize(box, (now) => { width = now; draw(); });
  return el('section', { id: 'series', 'aria-labelledby': 'series-title' }, el('h2', { id: 'series-title' }, 'Live counts over time'), box,
    el('fieldset', { class: 'legend' }, el('legend', { class: 'quiet' }, 'The call sites with most objects at once'), legend));
}

export function drawFlame(sites) {
  const tree = liveTree(sites);
  if (!tree.value) return null;
  const box = el('div', { id: 'flame' });
  const detail = el('p', { class: 'detail mono quiet', role: 'status' });
  let chart = null;
  const text = (d) => `${d.data.name}: ${plural(d.data.value, 'reference')}, ${((100 * d.data.value) / tree.value).toFixed(1)} %`;
  const show = (d) => (detail.textContent = d ? text(d) : 'Choose a frame to zoom into it; arrow keys walk, Escape zooms out.');
  const reachable = () => {
    const frames = box.querySelectorAll('g.frame');
    for (const frame of frames) {
      frame.setAttribute('role', 'button');
      frame.setAttribute('tabindex', '-1');
      frame.setAttribute('aria-label', text(frame.__data__));
    }
    frames[0]?.setAttribute('tabindex', '0');
  };
  const nodeOf = (d) => [...box.querySelectorAll('g.frame')].find((frame) => frame.__data__ === d);
  box.addEventListener('keydown', (event) => {
    const frame = event.target.closest?.('g.frame');
    if (event.key === 'Escape' && chart) { chart.resetZoom(); reachable(); return; }
    if (!frame) return;
    const d = frame.__data__, siblings = d.parent?.children ?? [d], at = siblings.indexOf(d);
    const to = { ArrowUp: d.parent, ArrowDown: d.children?.[0], ArrowLeft: siblings[at - 1], ArrowRight: siblings[at + 1] }[event.key];
    if (event.key === 'Enter' || event.key === ' ') { chart.zoomTo(d); reachable(); nodeOf(d)?.focus(); event.preventDefault(); }
    if (event.key.startsWith('Arrow')) event.preventDefault();
    if (to) nodeOf(to)?.focus();
  });
  box.addEventListener('focusin', (event) => event.target.__data__ && show(event.target.__data__));
  onResize(box, (width) => {
    box.replaceChildren();
    box.style.minHeight = '0'; // the room that was kept for it
    chart = flamegraph().width(width).cellHeight(20).inverted(true).sort((a, b) => b.data.value - a.data.value).selfValue(false).minFrameSize(2).transitionDuration(0)
      .getName((d) => d.data.name).label(text).onHover(show).onClick(reachable)
      .setColorMapper((d) => (d.highlight ? '#e6a100' : !d.depth ? '#b8bec8' : d.depth === 1 ? '#9fb8e8' : d.data.native ? `hsl(${18 + (d.depth * 7) % 30} 78% ${70 + (d.depth % 3) * 4}%)` : `hsl(${95 + (d.depth * 9) % 40} 45% ${70 + (d.depth % 3) * 4}%)`));
    chart.setSearchMatch((d, term) => term && d.data.name.toLowerCase().includes(term.toLowerCase()));
    chart.setSearchHandler((results, sum, total) => (detail.textContent = `${plural(results.length, 'frame')} with ${number(sum)} of ${number(total)} references`));
    // A chart keeps marks in its data: each width gets a copy.
    select(box).datum(structuredClone(tree)).call(chart);
    reachable();
  });
  show(null);
  const search = el('input', { type: 'search', placeholder: 'Mark frames by name', 'aria-label': 'Mark frames by name', oninput: () => (search.value ? chart?.search(search.value) : (chart?.clear(), show(null))) });
  return el('section', { id: 'live', 'aria-labelledby': 'live-title' }, el('h2', { id: 'live-title' }, 'Live references by creation stack'),
    el('p', { class: 'quiet' }, `${plural(tree.value, 'reference')} lived when the envs ended or the record was read. A frame is as wide as the references made below it; green is JavaScript, orange native code.`),
    el('div', { class: 'controls' }, search, el('button', { type: 'button', onclick: () => { chart?.resetZoom(); reachable(); } }, 'Zoom out')), box, detail);
}

const PHASES = { gc: 0, 'cleanup-hook': 1, teardown: 2 };

export function drawFinalizers(finalizers) {
  if (!finalizers.length) return null;
  const rows = [...finalizers].sort((a, b) => a.pid - b.pid || a.order - b.order);
  const byTime = [...finalizers].sort((a, b) => a.ms - b.ms || a.order - b.order);
  const phases = Object.keys(PHASES).filter((phase) => finalizers.some((row) => row.phase === phase));
  const box = el('div', { class: 'chart', role: 'img', 'aria-label': 'order of finalizers over time; the table below holds it' });
  onResize(box, (width) => drawPlot(box, width, {
    axes: [axis({ label: 'seconds since the start', labelSize: 22 }), axis({ size: 62, values: (_, ticks) => ticks.map(short) })],
    cursor: { drag: { x: true, y: false } },
    series: [{ label: 'order' }, ...phases.map((phase) => ({ label: phase, stroke: PALETTE[PHASES[phase]], paths: () => null, points: { show: true, size: 6, fill: PALETTE[PHASES[phase]], width: 0 } }))],
  }, [byTime.map((row) => row.ms / 1000), ...phases.map((phase) => byTime.map((row) => (row.phase === phase ? row.order : null)))]));
  return el('section', { id: 'finalizers', 'aria-labelledby': 'finalizers-title' }, el('h2', { id: 'finalizers-title' }, 'Finalizers in the order of their running'), box,
    table([{ name: 'order', class: 'number' }, { name: 'after', class: 'number' }, 'phase', 'kind', 'finalizer', { name: 'made by', class: 'wide' }, { name: 'addon, env', class: 'wide' }], rows, (row) =>
      el('tr', {}, el('td', { class: 'number' }, number(row.order)), el('td', { class: 'number' }, seconds(row.ms)), el('td', {}, row.phase + (row.deferred ? ', deferred' : '')), el('td', {}, row.kind),
        el('td', { class: 'mono' }, row.finalizer ?? '?'), el('td', { class: 'mono wide' }, row.site ?? ''), el('td', { class: 'wide' }, `${addonOf(row)}, env ${row.env}`)), 30));
}
