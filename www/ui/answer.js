/*
 * answer.js: what a model said of a row, and why.
 */
import { bars, number, percent, waterfall } from './chart.js';
import { el, freshId, replace } from './dom.js';

/* The targets of a model, each with its classes, or none where it is a value. */
function targetsOf(model) {
  return model.targets ?? [{ name: null, classes: model.classes }];
}

/* One target's member of an answer: the only one's stands there by itself. */
function memberOf(model, told, name, target) {
  return model.targets === undefined ? told[name] : told[name]?.[target];
}

/* What is long is said less loudly. */
const sized = (label) => (label.length > 40 ? 'answer long' : 'answer');
const cut = (label) => (label.length > 60 ? `${label.slice(0, 60)}...` : label);

function shares(model, told, target, { name, classes }) {
  const values = memberOf(model, told, 'probabilities', target);
  const label = memberOf(model, told, 'label', target);

  if (values === undefined || classes === undefined) return null;
  const best = values[classes.indexOf(label)];

  return [
    el('p', { class: sized(label) }, el('bdi', {}, label), ' ', best === undefined ? null : el('small', {}, percent(best))),
    bars(name === null ? 'Probabilities' : `Probabilities of ${name}`, classes.map((one, i) => ({ name: one, value: values[i] ?? 0 }))),
  ];
}

function value(model, told, target) {
  const label = memberOf(model, told, 'label', target);
  const prediction = memberOf(model, told, 'prediction', target);
  const score = told.score === undefined ? null : el('small', {}, ` score ${number(told.score)}`);

  return el('p', { class: sized(label ?? '') }, label ?? number(prediction), score);
}

/* What the service warns of: values that training has not seen. */
function warnings(told) {
  return (told.warnings ?? []).map(({ field, problem, allowed }) =>
    el('p', { class: 'note warn' }, `${field.replace(/^features\./, '')}: ${problem}${allowed ? `: ${allowed}` : ''}.`));
}

/* The answer: the class with all their shares, or the value; of each target. */
export function said(model, told) {
  const targets = targetsOf(model);

  return [
    targets.map((target, i) => [
      targets.length === 1 ? null : el('h3', {}, target.name ?? `Target ${i + 1}`),
      shares(model, told, i, target) ?? value(model, told, i),
    ]),
    warnings(told),
  ];
}

function shownOf(model, row, i) {
  if (model.input === 'text') return undefined;
  if (row[i] === null) return 'missing';
  return typeof row[i] === 'number' ? number(row[i]) : String(row[i]);
}

/* What one of the explanations is of. */
function subject(model, one) {
  const { name, classes } = targetsOf(model)[one.target ?? 0];
  const of = one.class === undefined || classes === undefined ? 'the value' : classes[one.class];

  if (model.task === 'anomaly') return 'how far the row is from the root of the trees';
  if (model.targets === undefined) return cut(of);
  return `${name ?? `target ${one.target + 1}`}: ${cut(of)}`;
}

/* The numbers that a text becomes, beside those of single words: see text_train.c. */
const counts = {
  '<words>': 'how many words', '<known>': 'how many it knows', '<capitals>': 'capital letters',
  '<exclaimed>': 'exclamation marks', '<asked>': 'question marks',
};
const sides = {
  score: 'its words for', most: 'its strongest word for', least: 'its strongest word against', late: 'its second half for',
};

function nameOf(model, name) {
  if (model.input !== 'text') return name;
  const [, side, of] = /^<(score|most|least|late) (.*)>$/s.exec(name) ?? [];

  return counts[name] ?? (side === undefined ? name : `${sides[side]} ${cut(of)}`);
}

function reason(model, row, one) {
  return waterfall(`What each feature adds for ${subject(model, one)}`, {
    bias: one.bias,
    margin: one.margin,
    parts: model.features.map((feature, i) => ({
      name: nameOf(model, feature.name), value: one.contributions[feature.name] ?? 0, shown: shownOf(model, row, i),
    })),
  });
}

/* Several explanations: one of them is shown, by choice. */
function choice(model, row, all, told) {
  const id = freshId('reason');
  const answered = all.findIndex((one) => one.class !== undefined && [told.prediction].flat()[one.target ?? 0] === one.class);
  const first = Math.max(0, answered);
  const place = el('div', {});
  const select = el('select', { id, onchange: () => replace(place, reason(model, row, all[Number(select.value)])) },
    all.map((one, i) => el('option', { value: i, selected: i === first }, subject(model, one))));

  replace(place, reason(model, row, all[first]));
  return [el('p', { class: 'field row' }, el('label', { for: id }, 'Of'), select), place];
}

/* Why: of the class that was answered, or of the value; null where the answer does not tell. */
export function reasons(model, row, told) {
  const title = (text) => el('h3', {}, text);

  if (told.explanations !== undefined) {
    return [title('Why'), choice(model, row, told.explanations, told)];
  }
  if (told.contributions === undefined) return null;
  return [
    title(model.task === 'classify' ? `Why ${subject(model, told)}` : 'Why'),
    el('p', { class: 'hint' }, model.input === 'text' ?
      'A text becomes numbers first: what its words speak for, and which are there. With wel- all that begin so are meant, with -est all that end so.' :
      'From what the model says on the whole to what it says of this row, feature by feature.'),
    reason(model, row, told),
  ];
}
