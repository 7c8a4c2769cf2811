// model.js: the reports that the page carries (one, or one of each process of a run) as one set of data.

export const SEVERITIES = ['error', 'leak', 'warning', 'note'];

export function readReports() {
  const reports = [...document.querySelectorAll('script[type="application/json"]')].map((script) => JSON.parse(script.textContent));
  const all = (key) => reports.flatMap((report) => report[key] ?? []);
  const findings = [...all('findings'), ...all('accepted_findings')];
  findings.forEach((finding, index) => {
    finding.index = index;
    finding.text = searchText(finding);
  });
  return {
    reports, findings,
    processes: all('processes'), finalizers: all('finalizers'), profiles: all('handle_profile'), failed: all('failed_calls'),
    suppressions: all('suppressions'), notes: all('notes'), sites: all('sites'),
    sources: Object.assign(Object.create(null), ...all('sources')),
    pages: Object.assign(Object.create(null), ...all('pages')),
    tool: reports[0]?.tool ?? {},
    exits: reports.map((report) => report.summary),
  };
}

export const addonOf = (item) => item.package ?? item.module ?? 'unknown';

/** The frame that says most, by the rule of the reader: the addon's own that is not a binding layer's. */
export function siteFrame(stack) {
  if (!stack) return null;
  const addon = stack.frames.filter((frame) => frame.addon);
  return addon.find((frame) => !frame.binding) ?? addon[0] ?? stack.frames[0] ?? null;
}

export function shortName(name) {
  // Without the parameter list, which may hold parentheses itself.
  if (!name || !name.endsWith(')') || name.startsWith('operator')) return name;
  for (let depth = 0, i = name.length - 1; i > 0; i--) {
    depth += name[i] === ')' ? 1 : name[i] === '(' ? -1 : 0;
    if (!depth) return name.slice(0, i);
  }
  return name;
}

export function frameText(frame) {
  if (!frame) return '';
  const place = frame.line ? `${frame.file}:${frame.line}` : `${frame.module ?? '?'}+${frame.offset}`;
  return frame.function ? `${shortName(frame.function)} at ${place}` : place;
}

export const jsText = (frame) => `${frame.function || '<anonymous>'} (${frame.file}:${frame.line ?? '?'}${frame.column ? `:${frame.column}` : ''})`;

export function siteText(stacks) {
  for (const stack of stacks ?? []) {
    const frame = siteFrame(stack);
    if (frame) return frameText(frame) + (!frame.function && stack.js?.[0] ? `, called by ${jsText(stack.js[0])}` : '');
    if (stack.js?.[0]) return jsText(stack.js[0]);
  }
  return '';
}

function searchText(finding) {
  const parts = [finding.kind, finding.severity, finding.evidence, finding.message, finding.module, finding.package, finding.fingerprint, `pid ${finding.pid}`, finding.thread?.name];
  for (const stack of finding.stacks) {
    for (const frame of stack.frames) parts.push(frame.function, frame.path, frame.module);
    for (const frame of stack.js) parts.push(frame.function, frame.path);
  }
  return parts.filter(Boolean).join('\n').toLowerCase();
}

/** Live references by creation stack, as the tree that the flame graph draws: outermost first. */
export function liveTree(sites) {
  const root = { name: 'live references', value: 0, children: [], index: new Map() };
  for (const site of sites) {
    const live = site.live + (site.released_at_teardown ?? 0);
    if (site.kind !== 'reference' || !live) continue;
    const path = [site.package ?? site.module ?? 'unknown addon', ...site.stack.js.toReversed().map(jsText), ...site.stack.frames.toReversed().map((frame) => frame.function ? shortName(frame.function) : frameText(frame))];
    if (!site.stack.frames.length) path.push(site.function ?? '?');
    let node = root;
    node.value += live;
    path.forEach((name, depth) => {
      let child = node.index.get(name);
      if (!child) node.children.push((child = { name, value: 0, children: [], index: new Map(), native: depth > site.stack.js.length }));
      node.index.set(name, child);
      child.value += live;
      node = child;
    });
  }
  const tidy = (node) => { delete node.index; node.children.forEach(tidy); };
  tidy(root);
  return root;
}
