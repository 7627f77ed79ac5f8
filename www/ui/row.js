/*
 * row.js: a row of a model as the service takes it.
 */

/* With more features than these a row is a list: its names would be longer than it. */
const NAMED = 24;

export function pathOf(model, verb) {
  return `models/${encodeURIComponent(model.name)}/${verb}`;
}

/* The body of a call about one row, which is a text, or a list of values. */
export function bodyOf(model, row) {
  if (model.input === 'text') return { text: row };
  if (model.features.length > NAMED) return { features: row };
  return { features: Object.fromEntries(model.features.map((feature, i) => [feature.name, row[i]])) };
}
