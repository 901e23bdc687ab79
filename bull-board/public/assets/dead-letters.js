// Dead letters: lists what was given up, and sends what somebody decides. Text is set, never parsed as HTML.
import { ago, bytes, count } from './units.js';

const byId = (id) => document.getElementById(id);
/** What a role may do; the server decides, this only hides what it would refuse. */
const mayDecide = (role) => role === 'operator' || role === 'admin';
const mayOpen = (role) => role === 'admin';
/** An id that somebody else put into Redis is not shown, and cannot be chosen. */
const UNKNOWN = '(unknown)';

const filter = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => name === 'queue' || name === 'reason'));
const chosen = new Set();
let role = 'viewer';
let shown = [];
let cursor;

async function ask(path, body) {
  const response = await fetch(`/api/dead-letters${path}`, {
    headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (response.status === 401) location.assign('/sign-in');
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.code ?? String(response.status));
  return answer;
}

function say(state, text) {
  byId('banner').dataset.state = state;
  byId('banner-text').textContent = text;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function plural(n, one) {
  return n === 1 ? `1 ${one}` : `${count(n)} ${one}s`;
}

/** A link for each kind that there is, the one that is shown marked. */
function showFilters({ counts, counted, total }) {
  const link = (text, query) => {
    const anchor = element('a', { href: `/dead-letters${query}`, textContent: text });
    if (query === location.search) anchor.setAttribute('aria-current', 'true');
    return anchor;
  };
  byId('filters').replaceChildren(
    link(`all ${count(total)}`, ''),
    ...counts.map(({ queue, reason, count: n, oldestAt }) => {
      const anchor = link(`${queue} · ${reason} ${count(n)}`, `?${new URLSearchParams({ queue, reason })}`);
      anchor.title = `the first ${ago(Date.now() - oldestAt)}`;
      return anchor;
    }),
    ...(counted < total ? [element('span', { textContent: `of the latest ${count(counted)}` })] : []),
  );
  if (total === 0) say('good', 'There are none.');
  else say('warn', `${plural(total, 'job')} given up, and kept until somebody decides.`);
}

function rowOf({ id, queue, failedAt, reason, attempts, starts, priority, events, samples, bytes: size }) {
  const box = element('input', { type: 'checkbox', checked: chosen.has(id), disabled: id === UNKNOWN });
  box.setAttribute('aria-label', `Choose ${id}`);
  box.addEventListener('change', () => {
    if (box.checked) chosen.add(id);
    else chosen.delete(id);
    showChosen();
  });
  const open = element('button', { type: 'button', className: 'quiet', textContent: 'Open', hidden: !mayOpen(role) || id === UNKNOWN });
  open.addEventListener('click', () => void showContents(id));
  const time = element('time', { textContent: ago(Date.now() - failedAt), dateTime: new Date(failedAt).toISOString(), title: new Date(failedAt).toLocaleString() });
  const text = (value) => element('td', { className: 'text', textContent: value });
  const cell = (...children) => element('td', {}, ...children);
  return element(
    'tr',
    {},
    element('td', { className: 'box' }, box),
    element('td', { className: 'text id', textContent: id }),
    text(queue),
    text(reason),
    cell(time),
    cell(count(attempts)),
    cell(count(starts)),
    cell(count(priority)),
    cell(count(events ?? samples)),
    cell(bytes(size)),
    cell(open),
  );
}

function showRows() {
  const empty = element('td', { colSpan: 11, textContent: 'none' });
  byId('letters').querySelector('tbody').replaceChildren(...(shown.length > 0 ? shown.map(rowOf) : [element('tr', {}, empty)]));
  byId('more').hidden = cursor === undefined;
  byId('actions').hidden = !mayDecide(role) || shown.length === 0;
  for (const box of document.querySelectorAll('.box')) box.hidden = !mayDecide(role);
  showChosen();
}

function showChosen() {
  byId('chosen').textContent = chosen.size === 0 ? '' : `${count(chosen.size)} chosen`;
  byId('retry').disabled = chosen.size === 0;
  byId('drop').disabled = chosen.size === 0;
  const choosable = shown.filter(({ id }) => id !== UNKNOWN);
  byId('choose-all').checked = choosable.length > 0 && choosable.every(({ id }) => chosen.has(id));
}

async function readPage() {
  const query = new URLSearchParams({ ...filter, ...(cursor !== undefined && { cursor }) });
  const page = await ask(`?${query}`);
  ({ role, cursor } = page);
  byId('role').textContent = role;
  shown.push(...page.deadLetters);
  showRows();
}

async function readAnew() {
  shown = [];
  chosen.clear();
  cursor = undefined;
  await readPage();
  showFilters(await ask('/counts'));
}

/** Carries a decision out in as many requests as it takes, and says how far it came. */
async function decide(path, selection, more, word) {
  let done = 0;
  let refused = 0;
  try {
    for (let next; ; ) {
      const report = await ask(path, { selection: next === undefined ? selection : { ...selection, cursor: next }, ...more });
      done += report.done;
      refused += report.refused;
      next = report.cursor;
      if (next === undefined) break;
      say('loading', `${count(done)} ${word} so far`);
    }
    await readAnew();
    say('good', `${count(done)} ${word}.${refused === 0 ? '' : ` ${count(refused)} had been decided about meanwhile.`}`);
  } catch (error) {
    say('bad', `${count(done)} ${word}, then this was refused: ${error.message}.`);
  }
}

/** @returns the reason; undefined when they are kept */
function askWhy(what) {
  const dialog = byId('drop-dialog');
  byId('drop-what').textContent = `${what} will be lost. Nothing brings them back.`;
  byId('why').value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'drop' ? byId('why').value : undefined), { once: true });
  });
}

async function dropAfterAsking(selection, what) {
  const reason = await askWhy(what);
  if (reason !== undefined) await decide('/drop', selection, { reason }, 'dropped');
}

async function showContents(id) {
  try {
    const { events, samples } = await ask('/open', { id });
    byId('contents').textContent = JSON.stringify(events.length > 0 ? events : samples, undefined, 2);
    byId('open-dialog').showModal();
  } catch (error) {
    say('bad', `It does not open: ${error.message}.`);
  }
}

byId('open-dialog').addEventListener('close', () => byId('contents').replaceChildren());
byId('choose-all').addEventListener('change', ({ target }) => {
  for (const { id } of shown) {
    if (target.checked && id !== UNKNOWN) chosen.add(id);
    else chosen.delete(id);
  }
  showRows();
});
byId('more').addEventListener('click', () => void readPage());
byId('retry').addEventListener('click', () => void decide('/retry', [...chosen], {}, 'retried'));
byId('drop').addEventListener('click', () => void dropAfterAsking([...chosen], plural(chosen.size, 'dead letter')));
byId('retry-all').addEventListener('click', () => void decide('/retry', { all: true, ...filter }, {}, 'retried'));
byId('drop-all').addEventListener('click', () => void dropAfterAsking({ all: true, ...filter }, filter.reason === undefined ? 'All dead letters' : `All of ${filter.queue} with ${filter.reason}`));

try {
  await readAnew();
} catch (error) {
  say('bad', `They could not be read: ${error.message}.`);
}
