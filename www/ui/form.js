/*
 * form.js: a form for one row of a model, made from what the model says of its features.
 */
import { number } from './chart.js';
import { el, freshId, replace } from './dom.js';

/* With more fields than these there is a search, and only the most important are shown. */
const MANY = 24;
/* With more categories than these one is typed, with suggestions. */
const CHOICES = 60;

const texts = [
  ['Pleased', 'I am very happy with it: it works well, and everybody was friendly and quick.'],
  ['Displeased', 'It broke after two days. Nobody answered my letters, and I want my money back.'],
  ['In between', 'It does what it should, no more. The box was damaged, but what was in it was not.'],
];

/* A step that is a nice part of a range. */
function stepOf({ type, min, max }) {
  if (type !== 'real' || !(max > min)) return 1;
  return 10 ** (Math.floor(Math.log10(max - min)) - 1);
}

function ranged({ min, max }) {
  return typeof min === 'number' && typeof max === 'number' && max > min && max - min < 1e15;
}

/* The value of a control as the model wants it: a number, a word, a truth, or null: missing. */
function valueOf({ feature, control }) {
  const text = control.value;

  if (feature.values !== undefined) return text === '' ? null : text;
  if (text === '') return null;
  return feature.type === 'boolean' ? text === 'true' : Number(text);
}

function hintOf(feature) {
  const parts = [];

  if (feature.values !== undefined && feature.values.length > CHOICES) parts.push(`one of ${number(feature.values.length)}`);
  else if (feature.values === undefined && feature.type !== 'boolean' && ranged(feature)) {
    parts.push(`${number(feature.min)} to ${number(feature.max)}`);
  }
  if (feature.missing) parts.push('may be empty');
  return parts.join(', ');
}

/* What is wrong with a control, or ''. */
function faultOf({ feature, control }) {
  if (control.validity.badInput) return 'This is no number.';
  if (control.value === '') return feature.missing ? '' : 'Please fill this in.';
  if (feature.values !== undefined && !feature.values.includes(control.value)) return 'The model does not know this one.';
  return '';
}

function selectOf(id, feature, options) {
  return el('select', { id }, feature.missing ? el('option', { value: '' }, '(missing)') : null,
    options.map((word) => el('option', { value: word }, word)));
}

function numberOf(id, feature) {
  const known = ranged(feature);

  return el('input', {
    id, type: 'number', step: 'any', inputmode: 'decimal', autocomplete: 'off',
    placeholder: feature.missing ? '(missing)' : null,
    // The arrows go by nice steps, where the browser asks us; a row may have any number.
    onkeydown: (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];

      if (way === undefined || !known) return;
      const step = stepOf(feature);
      const from = event.target.value === '' ? feature.min : Number(event.target.value);

      event.preventDefault();
      event.target.value = String(Number((Math.round(from / step) * step + way * step).toPrecision(12)));
      event.target.dispatchEvent(new Event('input', { bubbles: true }));
    },
  });
}

/* The same number by dragging: for hands alone, since the field beside it does all it does. */
function sliderOf(feature, control) {
  const slider = el('input', {
    type: 'range', tabindex: '-1', 'aria-hidden': 'true', min: feature.min, max: feature.max, step: stepOf(feature),
    oninput: (event) => {
      event.stopPropagation();
      control.value = slider.value;
      control.dispatchEvent(new Event('input', { bubbles: true }));
    },
  });

  return slider;
}

function partOf(feature, slides) {
  const id = freshId('feature');
  const hint = hintOf(feature);
  const error = el('span', { class: 'error', id: `${id}-error` });
  let control;
  let beside = null;

  if (feature.type === 'boolean' && feature.values === undefined) control = selectOf(id, feature, ['false', 'true']);
  else if (feature.values === undefined) {
    control = numberOf(id, feature);
    if (slides && ranged(feature)) beside = sliderOf(feature, control);
  } else if (feature.values.length <= CHOICES) control = selectOf(id, feature, feature.values);
  else {
    beside = el('datalist', { id: `${id}-list` }, feature.values.map((word) => el('option', { value: word })));
    control = el('input', { id, list: `${id}-list`, autocomplete: 'off', spellcheck: 'false' });
  }
  control.setAttribute('aria-describedby', hint === '' ? `${id}-error` : `${id}-hint ${id}-error`);
  return {
    feature, control, error, slider: beside?.type === 'range' ? beside : null,
    element: el('div', { class: 'field' }, el('label', { for: id }, feature.name), control, beside,
      hint === '' ? null : el('span', { class: 'hint', id: `${id}-hint` }, hint), error),
  };
}

function textPart() {
  const id = freshId('feature');
  const control = el('textarea', { id, rows: 6, maxlength: 5000, 'aria-describedby': `${id}-hint ${id}-error` });
  const error = el('span', { class: 'error', id: `${id}-error` });

  return {
    feature: { name: 'Text', values: undefined, missing: false }, control, error, slider: null,
    element: el('div', { class: 'field' }, el('label', { for: id }, 'Text'), control,
      el('span', { class: 'hint', id: `${id}-hint` }, '10 characters or more'), error),
  };
}

/* Rows to begin with: [{name, row}]. */
export function examples(model) {
  if (model.input === 'text') return texts.map(([name, row]) => ({ name, row }));
  return (model.examples ?? []).map(({ name, features }) => ({ name, row: features }));
}

/* Finds fields by their names, among many; without a word the most important are there. */
function search(parts) {
  const ranks = [...parts].sort((a, b) => (b.feature.importance ?? 0) - (a.feature.importance ?? 0));
  const first = new Set(ranks.slice(0, MANY));
  const found = el('p', { class: 'hint', role: 'status' });
  const id = freshId('search');
  let all = false;
  const input = el('input', { id, type: 'search', autocomplete: 'off', spellcheck: 'false', oninput: show });
  const more = el('button', { type: 'button', class: 'plain', 'aria-pressed': 'false', onclick: () => { all = !all; show(); } }, 'Show all');

  function show() {
    const word = input.value.trim().toLowerCase();
    let shown = 0;

    for (const part of parts) {
      const is = word !== '' ? part.feature.name.toLowerCase().includes(word) : all || first.has(part);

      part.element.hidden = !is;
      shown += is ? 1 : 0;
    }
    more.setAttribute('aria-pressed', all ? 'true' : 'false');
    replace(found, word !== '' ? `${number(shown)} of ${number(parts.length)} features have that in their name.` :
      all ? `All ${number(parts.length)} features.` : `The ${number(shown)} that matter most to the model, of ${number(parts.length)}.`);
  }

  show();
  return {
    element: el('div', {}, el('div', { class: 'field' }, el('label', { for: id }, 'Find a feature'),
      el('span', { class: 'with-button' }, input, more)), found),
    reveal: (part) => {
      if (!part.element.hidden) return;
      input.value = '';
      all = true;
      show();
    },
  };
}

/*
 * The form: {element, row(), put(row)}.  row() is null where something is wrong, which is then
 * said beside it and has the focus.
 *
 *   onrow     (row, name) => void: it is asked; name is the example's, or null
 *   onchange  () => void: something was changed by hand
 *   foot      what stands below the button
 */
export function rowForm(model, { onrow, onchange, foot }) {
  const text = model.input === 'text';
  const parts = text ? [textPart()] : model.features.map((feature) => partOf(feature, model.features.length <= MANY));
  const finder = parts.length > MANY ? search(parts) : null;
  const buttons = examples(model).map(({ name, row: values }) => el('button', {
    type: 'button', class: 'plain', dir: 'auto', title: name.length > 30 ? name : null,
    onclick: () => { put(values); onrow(row(), name); },
  }, name));

  function check(part) {
    const said = text && part.control.value.trim().length < 10 ? 'Please write 10 characters or more.' : faultOf(part);

    part.control.setAttribute('aria-invalid', said === '' ? 'false' : 'true');
    part.error.textContent = said;
    return said === '';
  }

  function slide({ control, slider, feature }) {
    if (slider !== null) slider.value = control.value === '' ? feature.min : control.value;
  }

  function row(quiet = false) {
    const bad = parts.filter((part) => (quiet ? faultOf(part) !== '' : !check(part)));

    if (bad.length > 0 && !quiet) {
      finder?.reveal(bad[0]);
      bad[0].control.focus();
    }
    if (bad.length > 0) return null;
    return text ? parts[0].control.value.trim() : parts.map(valueOf);
  }

  function put(values) {
    parts.forEach((part, i) => {
      const one = text ? values : values[i];

      part.control.value = one === null || one === undefined ? '' : String(one);
      slide(part);
      check(part);
    });
  }

  for (const part of parts) {
    slide(part);
    part.control.addEventListener('input', () => {
      slide(part);
      if (part.control.getAttribute('aria-invalid') === 'true') check(part);
      onchange();
    });
  }
  const element = el('form', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      const found = row();

      if (found !== null) onrow(found, null);
    },
  },
  buttons.length === 0 ? null : el('div', { class: 'pills', role: 'group', 'aria-label': 'Examples' },
    el('span', { class: 'hint' }, 'Try one:'), buttons),
  finder?.element,
  el('div', { class: `fields${text ? ' words' : ''}${finder === null ? '' : ' long'}` }, parts.map((part) => part.element)),
  el('p', { class: 'actions' }, el('button', { type: 'submit' }, 'Ask the model')), foot);

  return { element, row, put };
}
