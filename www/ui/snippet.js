/*
 * snippet.js: the same call as a person would write it elsewhere: curl, Python, JavaScript.
 * The key is never in it: it names a variable that the reader sets.
 */
import { el, freshId, replace } from './dom.js';

/* In single quotes of a shell. */
function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/* JSON is Python, but for three words, which stand outside of strings alone. */
function python(value) {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([name, of]) => `${JSON.stringify(name)}: ${python(of)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}

const ways = {
  curl: (url, body) => [
    `curl ${shell(url)} \\`,
    '  -H "X-API-Key: $KEY" -H \'Content-Type: application/json\' \\',
    `  -d ${shell(JSON.stringify(body))}`,
  ],
  Python: (url, body) => [
    'import json, os, urllib.request',
    '',
    'request = urllib.request.Request(',
    `    ${JSON.stringify(url)},`,
    `    data=json.dumps(${python(body)}).encode(),`,
    '    headers={"X-API-Key": os.environ["KEY"], "Content-Type": "application/json"})',
    'with urllib.request.urlopen(request) as answer:',
    '    print(json.load(answer))',
  ],
  requests: (url, body) => [
    'import os, requests  # pip install requests',
    '',
    `answer = requests.post(${JSON.stringify(url)},`,
    '                       headers={"X-API-Key": os.environ["KEY"]},',
    `                       json=${python(body)})`,
    'answer.raise_for_status()',
    'print(answer.json())',
  ],
  JavaScript: (url, body) => [
    `const answer = await fetch(${JSON.stringify(url)}, {`,
    "  method: 'POST',",
    "  headers: { 'X-API-Key': process.env.KEY, 'Content-Type': 'application/json' },",
    `  body: JSON.stringify(${JSON.stringify(body)}),`,
    '});',
    'console.log(await answer.json());',
  ],
};

/* Tabs, by the pattern of the ARIA Authoring Practices: arrows move, Home and End too. */
export function tabs(label, items, first = 0) {
  const panel = freshId('panel');
  const buttons = items.map(({ name }, i) => el('button', {
    type: 'button', role: 'tab', id: freshId('tab'), 'aria-controls': panel, onclick: () => choose(i),
    onkeydown: (event) => move(event, i),
  }, name));
  const place = el('div', { role: 'tabpanel', id: panel, tabindex: '0' });

  function choose(i) {
    buttons.forEach((button, k) => {
      button.setAttribute('aria-selected', k === i ? 'true' : 'false');
      button.tabIndex = k === i ? 0 : -1;
    });
    place.setAttribute('aria-labelledby', buttons[i].id);
    replace(place, items[i].content());
  }

  function move(event, i) {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: items.length - 1 }[event.key];

    if (to === undefined) return;
    event.preventDefault();
    const k = (to + items.length) % items.length;

    choose(k);
    buttons[k].focus();
  }

  choose(first);
  return el('div', {}, el('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, buttons), place);
}

/* What is written from right to left stands by itself: the signs around it keep their places. */
function pieces(text) {
  return text.split(/([\u0590-\u08ff\ufb1d-\ufefc]+(?: [\u0590-\u08ff\ufb1d-\ufefc]+)*)/)
    .map((piece, i) => (i % 2 === 0 ? piece : el('bdi', {}, piece)));
}

/* A text with a button that copies it. */
export function copyable(text) {
  const said = el('span', { role: 'status', class: 'hint' });
  const copy = el('button', {
    type: 'button',
    class: 'plain',
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        replace(said, 'Copied.');
      } catch {
        replace(said, 'It cannot be copied here: mark it, and copy it by hand.');
      }
    },
  }, 'Copy');

  return [
    el('div', { class: 'code' },
      el('pre', { tabindex: '0', role: 'region', 'aria-label': 'Code' }, el('code', {}, pieces(text))), copy),
    said,
  ];
}

/* Which of the ways the reader took last: the next call is shown so, too. */
let way = 0;

/* A POST of JSON, in several ways. */
export function snippets(url, body) {
  return [
    tabs('The same call', Object.entries(ways).map(([name, write], i) => ({
      name,
      content: () => {
        way = i;
        return copyable(write(url, body).join('\n'));
      },
    })), way),
    el('p', { class: 'hint' }, 'Your key is not in it. Set it once, in the shell: ', el('code', {}, "export KEY='fg_...'")),
  ];
}
