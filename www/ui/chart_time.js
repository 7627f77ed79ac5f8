/*
 * chart_time.js: pictures of numbers over time, each of which can be walked through by keys and
 * has the same numbers as a table below it: nothing is told by a colour alone.
 */
import { number } from './chart.js';
import { el, fill, replace, svg } from './dom.js';

const HEIGHT = 180;
const TOP = 20;

/*
 * A figure whose picture is drawn anew for the width that it has, so that its words keep their
 * size: draw is (width) => content.
 */
function picture(title, height, draw) {
  const image = svg('svg', { class: 'chart', role: 'img', 'aria-label': title, height });
  const figure = el('figure', { class: 'figure' }, image);
  let drawn = 0;

  new ResizeObserver(() => {
    const width = Math.round(figure.clientWidth);

    if (width === 0 || width === drawn) return;
    drawn = width;
    image.setAttribute('viewBox', `0 0 ${width} ${height}`);
    image.replaceChildren();
    fill(image, [draw(width)]);
  }).observe(figure);
  return figure;
}

function numbers(title, head, rows) {
  return el('details', { class: 'numbers' },
    el('summary', {}, 'As a table'),
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${title}, as a table` }, el('table', {},
      el('caption', { class: 'unseen' }, title),
      el('thead', {}, el('tr', {}, head.map((name, i) =>
        el('th', { scope: 'col', class: i > 0 ? 'number' : null }, name)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell, i) =>
        (i === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: 'number' }, cell)))))))));
}

/* Where charts over time begin, and the labels below them: as many as there is room for. */
const LEFT = 52;

function axes(width, times, { low = 0, most, unit = '' }) {
  const every = Math.max(1, Math.ceil(times.length / Math.max(1, Math.floor((width - LEFT) / 90))));
  const wide = (width - LEFT) / Math.max(1, times.length);

  return [0, 0.5, 1].map((share) => [
    svg('line', { class: share === 0 ? 'axis' : 'grid', x1: LEFT, x2: width, y1: up(share), y2: up(share) }),
    svg('text', { class: 'soft', x: LEFT - 6, y: up(share) + 4, 'text-anchor': 'end' }, number(low + (most - low) * share) + (share === 1 ? unit : '')),
  ]).concat(times.map((time, i) => {
    const last = LEFT + i * wide > width - 80; // which would stand out of the picture

    return i % every === 0 ? svg('text', {
      class: 'soft', x: last ? width : LEFT + i * wide, y: HEIGHT + 18, 'text-anchor': last ? 'end' : null,
    }, time) : null;
  }));
}

/* Where a share of the height is. */
const up = (share) => HEIGHT - share * (HEIGHT - TOP);

/* A number not below the value that is short to say: 1, 2 or 5 with zeros. */
function round(value) {
  const step = 10 ** Math.floor(Math.log10(value));

  return [1, 2, 5, 10].map((k) => k * step).find((top) => top >= value * (1 - 1e-9));
}

/*
 * Has what a figure over time tells read step by step: it takes the focus, and the arrows, Home
 * and End go from one time to the next, as a pointer does.  To who hears it, it is a slider, whose
 * value is the words of the time.
 */
function walkable(figure, title, times, words) {
  const image = figure.querySelector('svg');
  const said = el('p', { class: 'hint cursor' }, ' ');
  const mark = svg('rect', { class: 'cursor', y: TOP, height: HEIGHT - TOP, 'aria-hidden': 'true' });
  const walk = el('div', {
    class: 'walk', tabindex: '0', role: 'slider', 'aria-label': title, 'aria-valuemin': 0, 'aria-valuemax': times.length - 1,
    onkeydown: (event) => {
      const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: times.length - 1 }[event.key];

      if (to === undefined) return;
      event.preventDefault();
      go(Math.max(0, Math.min(times.length - 1, to)));
    },
    onfocus: () => go(at),
    onblur: () => leave(),
    onpointermove: (event) => {
      const box = image.getBoundingClientRect();
      const i = Math.floor((event.clientX - box.left - LEFT) / (box.width - LEFT) * times.length);

      if (i >= 0 && i < times.length) go(i);
    },
    onpointerleave: () => leave(),
  });
  let at = times.length - 1;
  const value = () => {
    walk.setAttribute('aria-valuenow', at);
    walk.setAttribute('aria-valuetext', words(at));
  };

  function leave() {
    if (document.activeElement === walk) return;
    mark.remove();
    replace(said, ' ');
  }

  function go(i) {
    const wide = (image.clientWidth - LEFT) / Math.max(1, times.length);

    at = i;
    mark.setAttribute('x', LEFT + at * wide);
    mark.setAttribute('width', wide);
    image.append(mark);
    replace(said, words(at));
    value();
  }

  value();
  image.setAttribute('aria-hidden', 'true');
  image.replaceWith(walk);
  walk.append(image);
  walk.after(said);
  return figure;
}

/*
 * Columns over time, stacked: times are labels, series [{name, kind: 'a'..'e', values}].
 */
export function stacked(title, times, series) {
  const sums = times.map((_, i) => series.reduce((all, one) => all + (one.values[i] ?? 0), 0));
  const most = round(Math.max(1, ...sums));
  const draw = (width) => {
    const wide = (width - LEFT) / Math.max(1, times.length);

    return [axes(width, times, { most }), times.map((time, i) => {
      let base = HEIGHT;

      return series.map((one) => {
        const value = one.values[i] ?? 0;
        const tall = (value / most) * (HEIGHT - TOP);

        base -= tall;
        return value === 0 ? null : svg('rect', {
          class: one.kind, x: LEFT + i * wide + wide * 0.1, y: base, width: Math.max(1, wide * 0.8), height: tall,
        }, svg('title', {}, `${time}, ${one.name}: ${number(value)}`));
      });
    })];
  };
  const words = (i) => `${times[i]}: ${series.map((one) => `${one.name} ${number(one.values[i] ?? 0)}`).join(', ')}`;
  const figure = walkable(picture(title, HEIGHT + 24, draw), title, times, words);
  const sum = (one) => one.values.reduce((all, value) => all + (value ?? 0), 0);

  return fill(figure, [
    series.length < 2 ? null : el('figcaption', { class: 'row' }, series.map((one) =>
      el('span', {}, legend('rect', { class: one.kind, width: 12, height: 12, rx: 2 }), ` ${one.name}: `, el('b', {}, number(sum(one)))))),
    numbers(title, ['Time', ...series.map((one) => one.name)],
      times.map((time, i) => [time, ...series.map((one) => number(one.values[i] ?? 0))])),
  ]);
}

/* What stands for something in a picture, beside its name. */
function legend(name, attributes) {
  return svg('svg', { class: 'chart legend', viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' }, svg(name, attributes));
}

/* Runs of points that are known: the line is cut where one is not. */
function runs(points) {
  const found = [];

  points.forEach((point, i) => {
    if (point === null) return;
    if (i === 0 || points[i - 1] === null) found.push([]);
    found.at(-1).push(i);
  });
  return found;
}

/* A line with the band around it: times, [{low, middle, high} or null] in one unit; names of the three. */
export function band(title, times, points, unit, names = ['low', 'middle', 'high']) {
  const most = round(Math.max(...points.filter((point) => point !== null).map((point) => point.high), 1e-9));
  const draw = (width) => {
    const wide = (width - LEFT) / Math.max(1, times.length);
    const y = (i, name) => up(points[i][name] / most);
    const at = (run, name) => run.map((i) => `${LEFT + (i + 0.5) * wide},${y(i, name)}`);
    // A time that stands alone has a column, which is as good as a band.
    const column = (i) => [svg('rect', {
      class: 'band', x: LEFT + i * wide, y: y(i, 'high'), width: Math.max(3, wide), height: y(i, 'low') - y(i, 'high'),
    }), svg('circle', { class: 'a', r: 3, cx: LEFT + (i + 0.5) * wide, cy: y(i, 'middle') })];

    return [axes(width, times, { most, unit: ` ${unit}` }), runs(points).map((run) => (run.length === 1 ? column(run[0]) : [
      svg('polygon', { class: 'band', points: [...at(run, 'high'), ...at(run, 'low').reverse()].join(' ') }),
      svg('polyline', { class: 'stroke', points: at(run, 'middle').join(' ') }),
    ])), times.map((time, i) => (points[i] === null ? null : svg('rect', {
      x: LEFT + i * wide, y: TOP, width: wide, height: HEIGHT - TOP, fill: 'transparent',
    }, svg('title', {}, `${time}: ${number(points[i].low)} to ${number(points[i].high)} ${unit}, middle ${number(points[i].middle)}`))))];
  };

  const words = (i) => (points[i] === null ? `${times[i]}: nothing` :
    `${times[i]}: ${names.map((name, k) => `${name} ${number(points[i][['low', 'middle', 'high'][k]])} ${unit}`).join(', ')}`);

  return fill(walkable(picture(title, HEIGHT + 24, draw), title, times, words), [
    el('figcaption', { class: 'row' },
      el('span', {}, legend('rect', { class: 'a', y: 5, width: 12, height: 2 }), ` ${names[1]}`),
      el('span', {}, legend('rect', { class: 'band', width: 12, height: 12 }), ` from ${names[0]} to ${names[2]}`)),
    numbers(title, ['Time', ...names.map((name) => `${name}, ${unit}`)], times.map((time, i) => (points[i] === null ?
      [time, '-', '-', '-'] : [time, number(points[i].low), number(points[i].middle), number(points[i].high)]))),
  ]);
}

/*
 * Lines over time: series [{name, kind: 'a'..'e', values: [number or null]}]; marks are values
 * that mean something, [{value, name}].
 */
export function lines(title, times, series, marks = []) {
  const known = series.flatMap((one) => one.values).filter((value) => value !== null);
  const most = round(Math.max(...known, 1e-9));
  const least = Math.min(...known, 0);
  const low = least < 0 ? -round(-least) : 0;
  const draw = (width) => {
    const wide = (width - LEFT) / Math.max(1, times.length);
    const x = (i) => LEFT + (i + 0.5) * wide;
    const y = (value) => up((value - low) / (most - low));

    return [axes(width, times, { low, most }),
      marks.filter(({ value }) => value < most).map(({ value, name }) => [
        svg('line', { class: 'mark', x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
        svg('text', { class: 'soft', x: width, y: y(value) - 4, 'text-anchor': 'end' }, name),
      ]),
      series.map(({ kind, values }) => runs(values).map((run) => [
        svg('polyline', { class: `line ${kind}`, points: run.map((i) => `${x(i)},${y(values[i])}`).join(' ') }),
        run.map((i) => svg('circle', { class: kind, r: 3, cx: x(i), cy: y(values[i]) })),
      ]))];
  };
  const words = (i) => `${times[i]}: ${series.map((one) => `${one.name} ${one.values[i] === null ? 'nothing' : number(one.values[i])}`).join(', ')}`;

  return fill(walkable(picture(title, HEIGHT + 24, draw), title, times, words), [
    el('figcaption', { class: 'row' }, series.map((one) =>
      el('span', {}, legend('line', { class: `line ${one.kind}`, x1: 0, x2: 12, y1: 6, y2: 6 }), ` ${one.name}`))),
    numbers(title, ['Time', ...series.map((one) => one.name)], times.map((time, i) => [time, ...series.map((one) => number(one.values[i]))])),
  ]);
}
