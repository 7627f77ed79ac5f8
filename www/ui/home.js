/*
 * home.js: the first page: the models that whoever is here may ask, and one of them to try.
 */
import { address, ask, askJson } from './api.js';
import { bars, number, waterfall } from './chart.js';
import { byId, el, replace } from './dom.js';
import { rowForm } from './form.js';
import { list } from './list.js';
import { nav } from './nav.js';
import { quiet, tellProblem } from './notice.js';
import { keyTake, kind } from './session.js';
import { snippets } from './snippet.js';

const tasks = { classify: 'tells a class', regress: 'tells a value' };

function bodyOf(model, row) {
  return model.input === 'text' ? { text: row } : { features: row };
}

function pathOf(model, verb) {
  return `models/${encodeURIComponent(model.name)}/${verb}`;
}

/* What the model says: a class with its shares, or a value. */
function said(model, answer) {
  const classes = model.classes ?? [];

  if (answer.probabilities !== undefined && classes.length > 0) {
    return [
      el('p', { class: 'answer' }, 'It says ', el('strong', {}, answer.label ?? String(answer.prediction)), '.'),
      bars('Probabilities', classes.map((name, i) => ({ name, value: answer.probabilities[i] }))),
    ];
  }
  return el('p', { class: 'answer' }, 'It says ',
    el('strong', {}, [answer.prediction].flat().map(number).join(', ')), '.');
}

/* Why: each feature's part, for models that can tell. */
async function reasons(model, row, place) {
  if (model.input === 'text') return;
  try {
    const told = await askJson('POST', pathOf(model, 'explain'), { body: bodyOf(model, row) });

    if (told.contributions === undefined) return;
    const of = told.class === undefined ? 'the value' : model.classes[told.class];

    replace(place, el('h3', {}, `Why: what each feature adds for ${of}`),
      waterfall(`What each feature adds for ${of}`, {
        bias: told.bias,
        margin: told.margin,
        parts: model.features.map((feature, i) => ({
          name: feature.name,
          value: told.contributions[feature.name] ?? 0,
          shown: row[i] === null ? 'missing' : String(typeof row[i] === 'number' ? number(row[i]) : row[i]),
        })),
      }));
  } catch (error) {
    replace(place, el('p', { class: 'hint' }, `Why is not told: ${error.message}`));
  }
}

/* One tree with the way of the row lit: a picture that the service draws. */
async function tree(model, row, which, place) {
  if (model.input === 'text' || model.trees === 0) return;
  const choice = el('input', { id: 'tree', type: 'number', min: 0, max: model.trees - 1, value: which });

  choice.addEventListener('change', () => tree(model, row, Math.min(model.trees - 1, Math.max(0, Number(choice.value) || 0)), place));
  try {
    const answer = await ask('POST', pathOf(model, 'draw'), {
      body: { ...bodyOf(model, row), tree: which }, accept: 'image/svg+xml',
    });
    const picture = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;

    replace(place, el('h3', {}, 'One tree of it'),
      el('p', { class: 'field row' }, el('label', { for: 'tree' }, `Tree (0 to ${model.trees - 1})`), choice),
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'The tree' },
        el('img', { class: 'tree', src: picture, alt: `Tree ${which}, with the way of this row lit` })));
  } catch (error) {
    replace(place, el('p', { class: 'hint' }, `The tree is not shown: ${error.message}`));
  }
}

function show(model) {
  const answer = el('div', { 'aria-live': 'polite' });
  const why = el('div');
  const one = el('div');
  const call = el('div');
  let turn = 0;

  async function onrow(row) {
    const mine = ++turn;

    if (row === null) return;
    quiet();
    replace(call, el('h3', {}, 'The same call'), snippets(address(pathOf(model, 'predict')), bodyOf(model, row)));
    try {
      const told = await askJson('POST', pathOf(model, 'predict'), { body: bodyOf(model, row) });

      if (mine !== turn) return;
      replace(answer, said(model, told));
      await reasons(model, row, why);
      await tree(model, row, 0, one);
    } catch (error) {
      if (mine === turn) tellProblem(error);
    }
  }

  const form = rowForm(model, { onrow });

  replace(byId('model'),
    el('h2', { id: 'model-title', tabindex: '-1' }, model.name, ' ', el('span', { class: 'tag' }, `version ${model.version}`)),
    el('p', {}, `${number(model.trees)} trees, ${number(model.features?.length ?? 0)} features; it ${tasks[model.task] ?? model.task}.`),
    el('div', { class: 'cards' }, el('div', { class: 'card' }, form.element), el('div', { class: 'card' }, answer, why)),
    one, call);
  byId('model').hidden = false;
  byId('model-title').focus();
}

async function open(name) {
  quiet();
  try {
    show(await askJson('GET', `models/${encodeURIComponent(name)}`));
  } catch (error) {
    tellProblem(error);
  }
}

function models() {
  list(byId('model-list'), {
    title: 'Models',
    columns: [
      { name: 'Model', cell: (model) => el('button', { type: 'button', class: 'plain', onclick: () => open(model.name) }, model.name) },
      { name: 'Version', number: true, cell: (model) => String(model.version) },
      { name: 'What it does', cell: (model) => tasks[model.task] ?? model.task ?? '' },
      { name: 'State', cell: (model) => el('span', { class: model.state === 'ready' ? 'tag good' : 'tag bad' }, model.state) },
    ],
    fetch: async () => {
      const { models: rows } = await askJson('GET', 'models');

      if (rows.length === 1 && byId('model').hidden) open(rows[0].name);
      return { rows, next: null };
    },
    empty: el('p', {}, 'No model is published that you may ask. An owner publishes one with ',
      el('code', {}, 'forestgate model publish'), '.'),
  });
}

function refresh() {
  const somebody = kind() !== 'none';

  byId('key').hidden = somebody;
  byId('models').hidden = !somebody;
  if (!somebody) byId('model').hidden = true;
  else models();
}

nav('home');
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  keyTake(byId('key-text').value);
  byId('key-text').value = '';
});
document.addEventListener('session', refresh);
refresh();
