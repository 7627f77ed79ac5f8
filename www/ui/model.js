/*
 * model.js: one model to try: its form, what it says of a row and why, one of its trees, and the
 * call to take along.
 *
 * Each answer is one call of the caller's limits, reasons and all; what is changed by hand is
 * asked again only while there is plenty left.
 */
import { address, ask } from './api.js';
import { reasons, said } from './answer.js';
import { number, percent } from './chart.js';
import { el, freshId, replace } from './dom.js';
import { examples, rowForm } from './form.js';
import { limitsShow, limitsSpare } from './limits.js';
import { failure } from './load.js';
import { bodyOf, pathOf } from './row.js';
import { snippets } from './snippet.js';
import { treePart } from './tree.js';

const PAUSE = 500; // milliseconds without a change before it is asked again

/* What it is, in a few figures; what is not known is left out. */
function facts(model) {
  const { training } = model;
  const classes = model.classes?.length;
  const score = training?.metric === 'accuracy' ? ['Accuracy, out of bag', percent(training.oob_score)] :
    training?.metric === 'r2' ? ['R², out of bag', number(training.oob_score)] : null;
  const all = [
    classes === undefined ? null : ['Classes', number(classes)],
    model.targets === undefined ? null : ['Targets', number(model.targets.length)],
    model.input === 'text' ? null : ['Features', number(model.features.length)],
    ['Trees', number(model.trees)],
    training?.rows > 0 ? ['Trained on', `${number(training.rows)} rows`] : null,
    score,
  ];

  return el('dl', { class: 'facts' }, all.filter((one) => one !== null)
    .map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text))));
}

/*
 * Asks with reasons, or where the model cannot give any, without, from then on.  Returns
 * {told, headers, why}: why there are no reasons, or null.
 */
function asker(model) {
  let why = model.explainable ? null : 'its file does not have what that takes.';

  return async (row, signal) => {
    const options = { body: bodyOf(model, row), signal };

    if (why === null) {
      try {
        const answer = await ask('POST', pathOf(model, 'explain'), options);

        return { told: await answer.json(), headers: answer.headers, why };
      } catch (error) {
        if (![404, 413, 422].includes(error.status) || error.errors.length > 0) throw error;
        why = error.message;
      }
    }
    const answer = await ask('POST', pathOf(model, 'predict'), options);

    return { told: await answer.json(), headers: answer.headers, why };
  };
}

function waiting() {
  return el('div', { class: 'state' }, el('p', {}, 'Choose an example, or fill in the form: the answer comes here.'));
}

/* Comes into view where it is not, unless the reader wants nothing to move. */
function reveal(element) {
  const { top } = element.getBoundingClientRect();
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  if (top > innerHeight * 0.75 || top < 0) element.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' });
}

/* The element of a model, of what GET /models/NAME told of it. */
export function modelPanel(model) {
  const title = el('h2', {}, model.name, ' ', el('span', { class: 'tag' }, `version ${model.version}`));

  if (model.state !== 'ready') {
    return [title, el('div', { class: 'state' }, el('p', {}, 'This model cannot be loaded at the moment. Who runs the service finds out why with '), el('p', {}, el('code', {}, 'forestgate doctor')))];
  }
  const answerOf = asker(model);
  const head = el('div', { role: 'status' });
  const why = el('div', { class: 'why' }, waiting());
  const card = el('section', { class: 'card', 'aria-label': 'Answer' }, head, why);
  const left = el('div', { class: 'limits' });
  const call = el('div', {});
  const tree = treePart(model);
  const boxId = freshId('again');
  const box = el('input', { id: boxId, type: 'checkbox', checked: true });
  let turn = 0;
  let timer = null;
  let running = null;
  let spare = false;

  function show(row, { told, headers, why: silent }) {
    spare = limitsSpare(headers);
    limitsShow(left, headers);
    replace(head, said(model, told));
    replace(why, reasons(model, row, told) ?? el('p', { class: 'hint' }, `Why it says so is not told: ${silent}`));
    tree.row(row, spare);
  }

  async function onrow(row, quietly = false) {
    const mine = ++turn;

    clearTimeout(timer);
    running?.abort();
    if (row === null) return;
    running = new AbortController();
    card.setAttribute('aria-busy', 'true');
    card.classList.add('stale');
    replace(call, snippets(address(pathOf(model, 'predict')), bodyOf(model, row)));
    try {
      const found = await answerOf(row, running.signal);

      if (mine !== turn) return;
      show(row, found);
      if (!quietly) reveal(card);
    } catch (error) {
      if (mine !== turn || error.name === 'AbortError') return;
      spare = false;
      replace(head);
      replace(why, failure(error, () => onrow(row)));
      if (!quietly) reveal(card);
    } finally {
      if (mine === turn) {
        card.removeAttribute('aria-busy');
        card.classList.remove('stale');
      }
    }
  }

  function onchange() {
    if (turn === 0) return;
    clearTimeout(timer);
    card.classList.add('stale');
    if (box.checked && spare) {
      timer = setTimeout(() => {
        const row = form.row(true);

        if (row !== null) onrow(row, true);
      }, PAUSE);
    }
  }

  const form = rowForm(model, {
    onrow,
    onchange,
    foot: [el('p', { class: 'check' }, box, el('label', { for: boxId, class: 'hint' }, 'Ask again when I change something')), left],
  });
  const [example] = examples(model);

  if (example !== undefined) replace(call, snippets(address(pathOf(model, 'predict')), bodyOf(model, example.row)));
  return [
    title, facts(model),
    el('div', { class: 'try' }, el('section', { class: 'card', 'aria-label': 'Row' }, form.element), card),
    el('div', { class: 'below' }, tree.element,
      el('section', { class: 'card', 'aria-label': 'The same call' }, el('h3', {}, 'The same call'), call)),
  ];
}
