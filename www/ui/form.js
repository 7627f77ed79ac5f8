/*
 * form.js: a form for one row of a model, made from what the model says of its features.
 */
import { number } from './chart.js';
import { el, freshId } from './dom.js';

/* The value of a control as the model wants it: a number, a word or null for a missing one. */
function value(feature, control) {
  const text = control.value.trim();

  if (text === '') return null;
  if (feature.values !== undefined) return text;
  return Number(text.replace(',', '.'));
}

function hint(feature) {
  const parts = [];

  if (feature.values === undefined && feature.min !== null && feature.min !== undefined) {
    parts.push(`${number(feature.min)} to ${number(feature.max)} in training`);
  }
  if (feature.missing) parts.push('may be left out');
  return parts.join(', ');
}

/* What is wrong with a control, or ''. */
function fault(feature, control) {
  const found = value(feature, control);

  if (found === null) return feature.missing ? '' : 'Please fill this in.';
  if (feature.values === undefined && !Number.isFinite(found)) return 'This is no number.';
  return '';
}

function controlOf(feature, id) {
  if (feature.values !== undefined) {
    return el('select', { id }, [feature.missing ? el('option', { value: '' }, '(missing)') : null,
      feature.values.map((word) => el('option', { value: word }, word))]);
  }
  return el('input', {
    id, inputmode: 'decimal', autocomplete: 'off', 'aria-describedby': `${id}-hint ${id}-error`,
  });
}

/* A row in the middle of what was seen in training, for who has none at hand. */
function middle(features) {
  return features.map((feature) => {
    if (feature.values !== undefined) return feature.values[0] ?? null;
    if (feature.min === null || feature.min === undefined) return 0;
    const half = feature.min + (feature.max - feature.min) / 2;

    return feature.type === 'real' ? Number(half.toPrecision(3)) : Math.round(half);
  });
}

/* Rows to begin with: [{name, row}]. */
export function examples(model) {
  if (model.examples?.length > 0) {
    return model.examples.map((row, i) => ({ name: row.label ?? `Example ${i + 1}`, row: row.features }));
  }
  return [{ name: 'In the middle', row: middle(model.features) }];
}

/*
 * The form: {element, row(), put(row)}.  row() is null where something is wrong, which is then
 * said beside it and has the focus.
 */
export function rowForm(model, { onrow }) {
  const text = model.input === 'text';
  const features = text ? [{ name: 'Text', values: undefined, missing: false }] : model.features;
  const parts = features.map((feature) => {
    const id = freshId('feature');
    const control = text ? el('textarea', { id, rows: 4, 'aria-describedby': `${id}-error` }) : controlOf(feature, id);
    const error = el('span', { class: 'error', id: `${id}-error` });

    return {
      feature,
      control,
      error,
      element: el('p', { class: 'field' }, el('label', { for: id }, feature.name), control,
        el('span', { class: 'hint', id: `${id}-hint` }, text ? '' : hint(feature)), error),
    };
  });

  function check({ feature, control, error }) {
    const said = text ? (control.value === '' ? 'Please write something.' : '') : fault(feature, control);

    control.setAttribute('aria-invalid', said === '' ? 'false' : 'true');
    error.textContent = said;
    return said === '';
  }

  function row() {
    const bad = parts.filter((part) => !check(part));

    bad[0]?.control.focus();
    if (bad.length > 0) return null;
    return text ? parts[0].control.value : parts.map(({ feature, control }) => value(feature, control));
  }

  function put(values) {
    parts.forEach(({ control }, i) => {
      const one = text ? values : values[i];

      control.value = one === null || one === undefined ? '' : String(one);
    });
  }

  const element = el('form', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      const found = row();

      if (found !== null) onrow(found);
    },
  },
  text ? null : el('p', { class: 'actions' }, examples(model).map(({ name, row: values }) =>
    el('button', { type: 'button', class: 'plain', onclick: () => { put(values); onrow(row()); } }, name))),
  el('div', { class: 'cards fields' }, parts.map((part) => part.element)),
  el('p', {}, el('button', { type: 'submit' }, 'Predict')));

  return { element, row, put };
}
