// html.mjs: the page of a report in headless Chromium: what it shows, that nothing gets out of its data, how fast it
// is, that it can be read on a small screen and used by keyboard; folded stacks in speedscope.
// NAPICHECK_SHOTS=FOLDER keeps screenshots there.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { at, findChromium, flags, make, makeHostile, modules, readJson, run, runReal, runTests } from './tools.mjs';

const executablePath = findChromium();
const { chromium } = await import(pathToFileURL(join(modules, 'playwright-core/index.mjs')).href);
const browser = await chromium.launch({ executablePath, args: flags });
const shots = process.env.NAPICHECK_SHOTS;

async function open(file, { width = 1280, colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, offline: true });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.errors.push(message.text()));
  page.on('request', (request) => request.url().startsWith('file:') || page.errors.push(`asked for ${request.url()}`));
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('main');
  return page;
}
async function close(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}
const contrast = (page, selector) => page.locator(selector).first().evaluate((element) => {
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let back = element;
  while (back && /rgba\(.*, 0\)|transparent/.test(getComputedStyle(back).backgroundColor)) back = back.parentElement;
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(rgb(back ? getComputedStyle(back).backgroundColor : 'rgb(255,255,255)'))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
});

// innerText would leave out what is off the screen (content-visibility) and not laid out yet.
async function showsText(locator, pattern) {
  let text = '';
  for (let tries = 0; tries < 100; tries++) {
    text = await locator.textContent();
    if (pattern.test(text)) return;
    await new Promise((next) => setTimeout(next, 50));
  }
  assert.match(text, pattern);
}

try {
  await runTests({
    async 'everything is there'() {
      run(['report', `--format=html=${at('a.html')},json=${at('a.json')}`, make('a.napicheck', { lost: 97, held: 2, error: 2, warning: 1, note: 1, growing: 500, all: 1 })]);
      const json = readJson(at('a.json')), page = await open(at('a.html'));
      assert.match(await page.title(), new RegExp(`^napicheck: 1 error, ${json.summary.leak} leaks, 1 warning, `));
      assert.equal(await page.locator('.finding').count(), json.findings.length);
      assert.deepEqual(await page.locator('main > section').evaluateAll((sections) => sections.map((section) => section.id)), ['summary', 'findings', 'series', 'live', 'finalizers', 'profile', 'more']);
      assert.deepEqual(await page.locator('.card b').allTextContents(), ['error', 'leak', 'warning', 'note'].map((severity) => String(json.summary[severity])));
      for (const id of ['series', 'live', 'finalizers']) await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      await page.waitForFunction(() => document.querySelectorAll('.uplot canvas').length === 2 && document.querySelectorAll('#flame g.frame').length > 2);
      // The charts are not empty.
      const drawn = await page.locator('.uplot canvas').evaluateAll((all) => all.map((canvas) => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size));
      assert.ok(drawn.every((colors) => colors > 8), String(drawn));
      assert.equal(await page.locator('#finalizers .scroll tbody tr').count(), json.finalizers.length);
      assert.equal(await page.locator('#profile .scroll tbody tr').count(), json.handle_profile.length);
      await close(page);
    },
    async 'filter, search, order, unfold'() {
      const page = await open(at('a.html'));
      await page.getByLabel('Search the findings').fill('growing');
      await page.waitForFunction(() => document.querySelectorAll('.finding').length === 1);
      await showsText(page.locator('.finding summary'), /leak growing-references \(growing\)/);
      await page.locator('.finding summary').click();
      await showsText(page.locator('.finding .inside'), /rose through the whole run/);
      await page.locator('.explained summary').click();
      assert.ok(await page.locator('.explained pre').isVisible());
      assert.equal(await page.locator('.explained pre').textContent(), run(['explain', 'growing-references'], { env: { ...process.env, COLUMNS: '100' } }).stdout);
      await page.getByLabel('Search the findings').fill('');
      await page.waitForFunction(() => document.querySelectorAll('.finding').length > 1);
      await page.locator('.controls label.leak input').uncheck();
      assert.equal(await page.locator('.finding.leak').count(), 0);
      await page.locator('.controls label.leak input').check();
      await page.getByLabel('Order', { exact: true }).selectOption('count');
      await showsText(page.locator('.finding summary').first(), /growing-references/);
      await page.locator('#summary button', { hasText: 'handle-growth' }).click();
      assert.equal(await page.locator('.finding').count(), 1);
      await close(page);
    },
    async 'by keyboard alone'() {
      const page = await open(at('a.html'));
      const focused = () => page.evaluate(() => document.activeElement?.matches('.finding summary'));
      for (let i = 0; i < 60 && !(await focused()); i++) await page.keyboard.press('Tab');
      assert.ok(await focused(), 'a finding is reached by Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.finding[open] .inside');
      await page.locator('#live').scrollIntoViewIfNeeded();
      await page.waitForSelector('#flame g.frame');
      for (let i = 0; i < 150 && !(await page.evaluate(() => document.activeElement?.matches('#flame g.frame'))); i++) await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.activeElement?.matches('#flame g.frame')), 'the flame graph is reached by Tab');
      await page.keyboard.press('ArrowDown');
      await showsText(page.locator('#live .detail'), /^addon\.node: 599 references, 100\.0 %$/);
      for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
      const width = () => page.evaluate(() => document.activeElement.querySelector('rect')?.getBoundingClientRect().width);
      // The chart sets widths in its next frame.
      const until = async (what, holds) => {
        for (let tries = 0; tries < 100 && !holds(await width()); tries++) await new Promise((next) => setTimeout(next, 50));
        assert.ok(holds(await width()), `${what}: ${await width()}`);
      };
      // What the frame is of the whole, and so of the chart's width.
      const share = parseFloat(/([\d.]+) %$/.exec(await page.locator('#live .detail').innerText())[1]) / 100;
      assert.ok(share > 0 && share < 0.95, `a frame that can grow: ${share}`);
      const narrow = share * (await page.evaluate(() => document.querySelector('#flame svg').getBoundingClientRect().width));
      const isNarrow = (now) => Math.abs(now - narrow) < 5;
      await until('the frame has its width', isNarrow);
      await page.keyboard.press('Enter');
      await until('Enter zooms in', (now) => now > narrow + 5);
      await page.keyboard.press('Escape');
      await until('Escape zooms out', isNarrow);
      await close(page);
    },
    async 'nothing gets out of its data'() {
      run(['report', `--format=html=${at('hostile.html')}`, makeHostile('h.napicheck')]);
      const text = readFileSync(at('hostile.html'), 'utf8'), data = text.slice(text.indexOf('<!--reports-->') + 14);
      assert.equal(data.match(/</g).length, data.match(/<(script type="application\/json"|\/script|\/body|\/html)>/g).length);
      const page = await open(at('hostile.html'));
      await page.getByRole('button', { name: 'Unfold all shown' }).click();
      for (const id of ['series', 'live', 'finalizers', 'profile', 'more']) await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      await page.waitForSelector('#flame g.frame');
      assert.ok((await page.locator('main').textContent()).includes('</script><b id=x1>'), 'it is shown as text');
      assert.deepEqual(await page.evaluate(() => [window.hit, document.querySelectorAll('#x1, #x2, img').length]), [undefined, 0]);
      // The policy of the page stops what would get through all the same.
      await page.evaluate(() => { const script = document.createElement('script'); script.textContent = 'window.hit = 2'; document.body.append(script); });
      assert.equal(await page.evaluate(() => window.hit), undefined);
      assert.ok(page.errors.length > 0 && page.errors.every((error) => /Content Security Policy|content security policy/i.test(error)), page.errors.join('\n'));
      await page.context().close();
    },
    async 'source of a real addon'() {
      const real = runReal(`html=${at('real.html')},folded=${at('real.folded')}`);
      const page = await open(at('real.html'));
      await page.locator('.finding summary').first().click();
      await page.waitForSelector('.finding[open] pre.excerpt');
      const marked = await page.locator('.finding pre.excerpt span.at').allTextContents();
      assert.ok(marked.some((line) => line.startsWith(String(real.line)) && line.includes('napi_create_reference')), marked.join('\n'));
      await close(page);
    },
    async 'small and dark'() {
      if (shots) mkdirSync(shots, { recursive: true });
      for (const file of ['a.html', 'real.html']) {
        for (const width of [375, 1280]) {
          for (const colorScheme of ['light', 'dark']) {
            const page = await open(at(file), { width, colorScheme });
            await page.locator('.finding summary').first().click();
            for (const id of ['series', 'live', 'more']) if (await page.locator(`#${id}`).count()) await page.locator(`#${id}`).scrollIntoViewIfNeeded();
            await page.waitForSelector('#flame g.frame');
            assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${file} is wider than ${width}`);
            for (const selector of ['body', '.quiet', '.finding .severity', '.finding .site', '.finding dt', 'nav a', 'th']) {
              const ratio = await contrast(page, selector);
              assert.ok(ratio >= 4.5, `${file}, ${colorScheme}: ${selector} has a contrast of ${ratio.toFixed(2)}`);
            }
            if (shots) await page.screenshot({ path: join(shots, `${file}-${width}-${colorScheme}.png`), fullPage: true });
            await close(page);
          }
        }
      }
    },
    async '5,000 findings and 1,000 sites'() {
      mkdirSync(at('big'));
      for (let i = 1; i <= 5; i++) make(`big/${i}.napicheck`, { lost: 50000, sites: 1000, pid: 5000 + i, error: 2, growing: i * 300, all: 1 });
      run(['report', `--format=html=${at('big.html')}`, at('big')]);
      const page = await open(at('big.html'));
      await showsText(page.locator('#findings [role=status]'), /^5,0\d\d findings of 5,0\d\d$/);
      // Time of the page's own work; the machine may be busy.
      const spent = await page.evaluate(() => { const [entry] = performance.getEntriesByType('navigation'); return entry.domContentLoadedEventEnd - entry.domContentLoadedEventStart; });
      const search = await page.evaluate(async () => {
        const input = document.querySelector('#findings input[type=search]'), start = performance.now();
        input.value = '0x1230';
        input.dispatchEvent(new Event('input'));
        while (document.querySelectorAll('.finding').length !== 5) await new Promise((resolve) => setTimeout(resolve, 5));
        return performance.now() - start;
      });
      console.log(`     drawn in ${spent.toFixed(0)} ms, searched in ${search.toFixed(0)} ms`);
      assert.ok(spent < 5000 && search < 2000);
      await close(page);
    },
    async 'folded stacks in speedscope'() {
      const folder = join(modules, 'speedscope/dist/release');
      writeFileSync(at('profile.js'), `speedscope.loadFileFromBase64('live.folded', ${JSON.stringify(readFileSync(at('real.folded')).toString('base64'))})`);
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${pathToFileURL(join(folder, 'index.html')).href}#localProfilePath=${at('profile.js')}`);
      await page.waitForFunction(() => /live\.folded/.test(document.title + document.body.innerText), null, { timeout: 20000 });
      await page.getByText('Sandwich').click();
      await page.waitForTimeout(300);
      assert.doesNotMatch(await page.locator('body').innerText(), /Something went wrong|Unrecognized/i);
      await context.close();
    },
  });
} finally {
  await browser.close();
}
