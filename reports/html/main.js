// main.js: the page of a report.
import 'uplot/dist/uPlot.min.css';
import './page.css';
import { drawFinalizers, drawFlame, drawSeries } from './charts.js';
import { el, number, plural, seconds, table } from './dom.js';
import { drawFindings } from './findings.js';
import { SEVERITIES, addonOf, frameText, readReports } from './model.js';

function endText(process) {
  const { how, code, in_call } = process.end;
  if (how === 'running') return `still running after ${seconds(process.duration_ms)}`;
  if (how === 'signal') return code ? `ended by signal ${code} after ${seconds(process.duration_ms)}` : 'was killed';
  return `${how === 'exec' ? 'replaced itself' : `exited with ${code}`}${in_call ? ' inside a native call' : ''} after ${seconds(process.duration_ms)}`;
}

function drawHead(data) {
  const first = data.processes[0];
  const rows = data.processes.map((process) => el('li', {}, el('span', { class: 'mono' }, process.argv.join(' ') || process.exe), el('br'),
    el('span', { class: 'quiet' }, `pid ${process.pid}, ${process.runtime.name}${process.runtime.name === 'node' ? ` ${process.runtime.version}` : ` (as node ${process.runtime.version})`}, ${endText(process)}, ${plural(process.calls, 'call')}${process.blind ? `; napicheck stopped judging: ${process.blind}` : ''}`)));
  const exit = data.exits.map((summary) => summary.exit_code).find(Boolean) ?? 0;
  return el('header', {}, el('h1', {}, 'napicheck report'),
    el('p', { class: 'quiet' }, `napicheck ${data.tool.version ?? ''}; ${plural(data.processes.length, 'process').replace('processs', 'processes')}${first?.start_ms ? ` since ${new Date(first.start_ms).toLocaleString()}` : ''}; exit status ${exit}`),
    el('details', { open: data.processes.length <= 3 }, el('summary', {}, 'Processes'), el('ul', {}, rows)));
}

function drawSummary(data, choose) {
  const counting = data.findings.filter((finding) => !finding.state);
  const cards = SEVERITIES.map((severity) => {
    const mine = counting.filter((finding) => finding.severity === severity);
    return el('div', { class: `card ${severity}` }, el('b', {}, number(mine.length)), el('span', { class: 'severity' }, severity), el('div', { class: 'quiet' }, `${number(mine.reduce((sum, f) => sum + f.count, 0))} in all`));
  });
  const groups = new Map();
  for (const finding of counting) {
    const key = JSON.stringify([addonOf(finding), finding.kind, finding.severity]);
    const group = groups.get(key) ?? { addon: addonOf(finding), kind: finding.kind, severity: finding.severity, findings: 0, objects: 0 };
    group.findings++;
    group.objects += finding.count;
    groups.set(key, group);
  }
  const rows = [...groups.values()].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.objects - a.objects);
  return el('section', { id: 'summary', 'aria-label': 'Summary' }, el('div', { class: 'cards' }, cards),
    rows.length ? table(['addon', 'kind', 'severity', { name: 'findings', class: 'number wide' }, { name: 'objects', class: 'number' }], rows, (row) =>
      el('tr', { class: row.severity }, el('td', {}, row.addon), el('td', {}, el('button', { type: 'button', class: 'plain', onclick: () => choose(row.kind, row.addon) }, row.kind)),
        el('td', {}, el('span', { class: 'severity' }, row.severity)), el('td', { class: 'number wide' }, number(row.findings)), el('td', { class: 'number' }, number(row.objects)))) :
      el('p', { class: 'card good' }, el('span', { class: 'severity' }, 'Nothing was found.'), ` ${plural(data.processes.reduce((sum, process) => sum + process.calls, 0), 'call')} were checked.`));
}

function drawProfile(profiles) {
  if (!profiles.length) return null;
  const rows = [...profiles].sort((a, b) => b.peak - a.peak);
  const most = rows[0].peak || 1;
  return el('section', { id: 'profile', 'aria-labelledby': 'profile-title' }, el('h2', { id: 'profile-title' }, 'Handles in one scope'),
    el('p', { class: 'quiet' }, 'Callbacks by the most handles that were alive in one scope at once.'),
    table(['callback', { name: 'at once', class: 'number' }, { name: '', class: 'wide' }, { name: 'in all', class: 'number' }, { name: 'calls', class: 'number' }, { name: 'the peak', class: 'wide' }], rows, (row) => {
      const bar = el('div');
      bar.style.width = `${(100 * row.peak) / most}%`;
      return el('tr', {}, el('td', { class: 'mono' }, row.callback ?? 'outside any callback'), el('td', { class: 'number' }, number(row.peak)), el('td', { class: 'bar wide' }, bar), el('td', { class: 'number' }, number(row.handles)),
        el('td', { class: 'number' }, number(row.calls)), el('td', { class: 'mono wide' }, frameText(row.peak_frame)));
    }, 20));
}

function drawRest(data) {
  const parts = [];
  if (data.failed.length)
    parts.push(el('h3', {}, 'Calls that failed'), table([{ name: 'count', class: 'number' }, 'function', 'status', { name: 'where', class: 'wide' }], [...data.failed].sort((a, b) => b.count - a.count), (row) =>
      el('tr', {}, el('td', { class: 'number' }, number(row.count)), el('td', { class: 'mono' }, row.function), el('td', { class: 'mono' }, row.status), el('td', { class: 'mono wide' }, frameText(row.frame))), 20));
  if (data.suppressions.length)
    parts.push(el('h3', {}, 'Suppressions'), table(['line', { name: 'findings', class: 'number' }, 'file'], data.suppressions, (row) =>
      el('tr', {}, el('td', { class: 'mono' }, row.line, row.note ? ` (${row.note})` : ''), el('td', { class: 'number' }, row.findings ? number(row.findings) : 'unused'), el('td', { class: 'mono' }, `${row.file}:${row.number}`)), 20));
  const addons = data.processes.flatMap((process) => process.modules.map((module) => ({ ...module, pid: process.pid })));
  if (addons.length)
    parts.push(el('h3', {}, 'Addons'), table(['file', 'package', { name: 'calls', class: 'number' }, { name: 'pid', class: 'number' }], addons, (row) =>
      el('tr', {}, el('td', { class: 'mono', title: row.path }, row.file), el('td', {}, row.package ? `${row.package}${row.version ? `@${row.version}` : ''}` : ''), el('td', { class: 'number' }, number(row.calls)), el('td', { class: 'number' }, row.pid)), 20));
  if (data.notes.length) parts.push(el('h3', {}, 'Notes'), el('ul', {}, data.notes.map((note) => el('li', {}, note))));
  return parts.length ? el('section', { id: 'more', 'aria-labelledby': 'more-title' }, el('h2', { id: 'more-title' }, 'More'), parts) : null;
}

function draw() {
  const page = document.getElementById('page');
  const data = readReports();
  const findings = drawFindings(data);
  const sections = [drawSeries, drawFlame].map((section) => section(data.sites)).concat([drawFinalizers(data.finalizers), drawProfile(data.profiles), drawRest(data)]);
  const all = [drawSummary(data, findings.choose), findings.element, ...sections].filter(Boolean);
  const names = { summary: 'Summary', findings: 'Findings', series: 'Over time', live: 'Live references', finalizers: 'Finalizers', profile: 'Handles', more: 'More' };
  const nav = el('nav', { 'aria-label': 'Sections' }, all.map((section) => el('a', { href: `#${section.id}` }, names[section.id])));
  page.replaceChildren(drawHead(data), nav, el('main', {}, all));
  const worst = SEVERITIES.map((severity) => [severity, data.findings.filter((finding) => finding.severity === severity && !finding.state).length]).filter(([, n]) => n);
  document.title = `napicheck: ${worst.map(([severity, n]) => plural(n, severity)).join(', ') || 'nothing found'}`;
}

document.addEventListener('DOMContentLoaded', draw);
