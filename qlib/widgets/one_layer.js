/* Which layer hurts?  The other half is one_layer.py.
 * Chapter: mobilenet */

// ---- what Python counted: tables in the order layer, folded, bits, grid ---

const BITS = [8, 6, 5, 4, 3], GRIDS = ["tensor", "channel"], BINS = 61;
const FIELDS = ["lost", "won", "p", "most", "where", "zeros", "empty", "kept"];
const of = (Kind, view) => new Kind(              // the view may be unaligned
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

const rowOf = ({ bits, grid, folded }, layer) =>
  ((layer * 2 + folded) * BITS.length + BITS.indexOf(bits)) * 2 + GRIDS.indexOf(grid);
/** One layer at one setting: counts, by their names. */
function cellOf(s, get) {
  const cells = of(Int16Array, get("cells")), first = rowOf(s, s.layer) * FIELDS.length;
  return Object.fromEntries(FIELDS.map((name, k) => [name, cells[first + k]]));
}
/** p, low, high of a layer alone; the last place is all of them together. */
const rateOf = (s, rates, layer) => rates.subarray(3 * rowOf(s, layer), 3 * rowOf(s, layer) + 3);
const qmaxOf = bits => 2 ** (bits - 1) - 1;
/** The steps of filters that reach up to `tops`. */
const stepsOf = ({ bits, grid }, tops) => {
  const widest = tops.reduce((a, b) => Math.max(a, b));
  return tops.map(r => (grid === "channel" ? r : widest) / qmaxOf(bits));
};
/** Whether all weights of a filter are nearer to 0 than to code 1. */
const becomes0 = (r, S) => r / S < .5;

// ---- words: one_layer.py computes the same ones with qlib ----------------

function verdict({ p }) {
  if (p >= 50) return `no difference is seen, p = ${fixed(p / 1000, 2)}`;
  return p ? `p = ${fixed(p / 1000, 3)}` : "p < 0.001";
}

function loss(it, c) {
  if (!(c.lost + c.won)) return `${it.name} alone changes no answer`;
  const most = c.most > 9 ? `, ${c.most} of them in digits-${c.where}` : "";
  return `${it.name} alone loses ${c.lost} digit${c.lost === 1 ? "" : "s"}${most}, and wins ${c.won} `
    + `(McNemar: ${verdict(c)})`;
}

function reason(it, c, { bits, grid, folded }) {
  if (grid === "channel") return "Each filter has a step of its own: folding moves no code.";
  if (it.dead && folded) {
    return "There a filter that never sees anything but 0 sets the step, and "
      + `${c.empty} of ${it.filters} filters become 0.`;
  }
  const net = `In digits-${it.network}`;
  return c.empty ? `${net}, ${c.empty} of its ${it.filters} filters become 0.`
    : `${net}, its narrowest filter keeps ${c.kept} of ${qmaxOf(bits)} codes.`;
}

/** All strings. */
function say(s, get) {
  const it = get("layers")[s.layer], rates = of(Float32Array, get("rates"));
  const c = cellOf(s, get), ratio = `${digits(it.ratio[+s.folded], 2)} times`;
  const alone = percent(rateOf(s, rates, s.layer)[0]);
  return { alone, ratio, all: percent(rateOf(s, rates, get("layers").length)[0]),
    notice: `At ${s.bits} bits, ${s.folded ? "after" : "before"} folding, ${loss(it, c)}. `
      + reason(it, c, s),
    "valuetext:layer": `${it.name}: ${alone.slice(0, -2)} percent if only this one, `
      + `filters ${ratio} apart` };
}

// ---- the picture -----------------------------------------------------------

const CODE = "var(--q-code)", REAL = "var(--q-real)", ERR = "var(--q-err)";
const INK = "var(--q-ink)", TOUCH = "var(--q-touch)", FLOAT = "var(--q-float)";
const rule = (x0, x1, y) => across(x0, x1, y, { stroke: "var(--q-rule)", "stroke-opacity": .6 });
const steps = (x0, pitch, ys) =>                  // one tread per filter
  "M" + ys.map((y, k) => `${(x0 + k * pitch).toFixed(1)} ${y.toFixed(1)}h${pitch.toFixed(2)}`)
    .join("L");

function build(w) {
  const layers = w.get("layers"), rates = of(Float32Array, w.get("rates"));
  const range = w.range("layer", { min: 0, max: layers.length - 1, "aria-label": "layer" });
  w.controls(w.seg("bits", "bits of a weight", BITS.map(b => [b, b])),
    w.seg("grid", "one step", [["tensor", "per tensor"], ["channel", "per channel"]]),
    w.toggle("folded", "batch norm", ["folded in"]));
  const desk = words => el("span", { class: "q-desk-only" }, words);
  const alone = w.readout("alone", desk("this layer "), "alone");
  const all = w.readout("all", "all", desk(" layers together"));
  const ratio = w.readout("ratio", desk("widest / narrowest filter"));
  const slide = el("div", { class: "q-stage" }), below = el("div");
  w.stage.className = "ol";                       // the pointer moves the upper part
  w.stage.append(slide, below);
  let X;
  drag(slide, [range], () => X);
  return ({ W, wide }) => {
    const x0 = wide ? 46 : 40, x1 = wide ? W - 168 : W - 12, base = wide ? 152 : 136;
    X = lin(0, layers.length + .6, x0 + 10, x1 - 12);
    const top = accuracyPanel(w, X, x0, x1, base, wide);
    slide.replaceChildren(top.svg, range);
    range.style.cssText = `left:${X(0) - 11}px;top:${base - 22}px;`
      + `width:${X(layers.length - 1) - X(0) + 22}px`;
    const mid = (x0 + x1) / 2, H = 176, svg = el("svg", {
      width: W, height: wide ? H : 2 * H + 4, "aria-hidden": "true" });
    const bars = histogramPanel(svg, w, x0, wide ? mid - 24 : x1, 0, wide);
    const sticks = filterPanel(svg, w, wide ? mid + 24 : x0, x1, wide ? 0 : H + 4, wide);
    below.replaceChildren(svg);
    const side = x1 + 26, right = W - x1, y = top.height;
    alone.place(wide ? `left:${side}px;top:20px` : `right:${right + 92}px;top:-3px`);
    all.place(wide ? `left:${side}px;top:92px` : `right:${right}px;top:-3px`);
    ratio.place(wide ? `left:${side}px;top:${y + 22}px` : `right:${right}px;top:${y + H}px`);
    return (s, said) => {
      const it = layers[s.layer], c = cellOf(s, w.get);
      for (const show of [top.update, bars, sticks]) show(s, it, c);
      set(top.svg, { "aria-label": said.notice });
      for (const [readout, place] of [[alone, s.layer], [all, layers.length]]) {
        const [, low, high] = rateOf(s, rates, place);
        readout.sub.textContent = `95 %: ${fixed(100 * low, 1)} to ${fixed(100 * high, 1)}`;
      }
      ratio.sub.textContent = `of network digits-${it.network}`;
    };
  };
}

/** One square per layer, its interval, and the layers' own axis. */
function accuracyPanel(w, X, x0, x1, base, wide) {
  const layers = w.get("layers"), n = layers.length, top = wide ? 46 : 52;
  const height = base + (wide ? 92 : 74);
  const rates = of(Float32Array, w.get("rates")), Y = lin(.9, 1, base, top);
  const y = v => clamp(Y(v), top - 3, base), real = w.get("real");
  const name = label(0, 34, "", "touch b halo", "middle");
  const stem = el("line", { y1: 40, y2: base, stroke: TOUCH, "stroke-width": 1.75 });
  const spans = el("path", { stroke: CODE, "stroke-width": 1.25 });
  const squares = el("path", { fill: CODE }), caps = el("path", { stroke: TOUCH });
  const dot = el("circle", { r: 5.5, fill: TOUCH, stroke: "var(--q-paper)", "stroke-width": 1.5 });
  const sunk = label(X(n) + 12, base - 7, "", "ink b halo", "end");
  const svg = el("svg", { width: x1, height: height, role: "img" },
    label(x0, 12, wide ? "Accuracy, this layer alone in codes" : "Accuracy", "ink b"),
    [.9, .95, 1].flatMap(v => [label(x0 - 6, Y(v) + 4, percent(v, 0), "", "end"),
      rule(x0, x1, Y(v))]), across(x0, x1, base),
    el("path", { d: `M${X(n - .3)} ${top}V${base}`, stroke: "var(--q-rule)" }),
    across(x0, x1, Y(real), { stroke: FLOAT, "stroke-width": 1.75, "stroke-dasharray": "5 3" }),
    stem, spans, caps, squares, dot, sunk, name, layerAxis(X, layers, base, wide),
    label(x1, wide ? 12 : Y(real) - 7, `float ${percent(real)}`, "float halo", "end"));
  const places = Array.from({ length: n + 1 }, (_, k) => k < n ? k : n + .4);
  const update = (s, it) => {
    const seen = places.map((at, k) => [X(at), ...[...rateOf(s, rates, k)].map(y)]);
    set(spans, { d: seen.map(([x, , low, high]) => `M${x} ${low}V${high}`).join("") });
    const shown = seen.filter((_, k) => rateOf(s, rates, k)[0] >= .9 && k !== s.layer);
    set(squares, { d: shown.map(([x, p]) => `M${x - 3.5} ${p - 3.5}h7v7h-7z`).join("") });
    const [x, p, low, high] = seen[s.layer], half = 3.7 * it.name.length, whole = rateOf(s, rates, n)[0];
    set(caps, { d: `M${x - 5} ${low}h10M${x - 5} ${high}h10`, "stroke-width": 1.75 });
    set(dot, { cx: x, cy: p });
    set(stem, { x1: x, x2: x });
    set(name, { x: clamp(x, x0 + half, x1 - half) });
    name.textContent = it.name;
    sunk.textContent = whole < .9 ? `↓ ${percent(whole)}` : "";
  };
  return { svg, update, height };
}

/** Under each layer what it is: blocks as brackets, their parts as letters. */
function layerAxis(X, layers, base, wide) {
  const y = base + 26, foot = base + 32, blocks = new Map(), marks = [];
  const say = (x, at, said, cls = "") => marks.push(label(x, at, said, cls, "middle"));
  layers.forEach(({ name }, k) => {
    const [, block, part] = name.match(/^block (\d+) (.)/) ?? [];
    if (block) blocks.set(block, [...blocks.get(block) ?? [], k]);
    if (!block) say(X(k), name === "dense" ? foot + 19 : y, name);
    else if (wide) say(X(k), y, part);
  });
  say(X(layers.length + .4), y, "all", "ink b");
  for (const [block, at] of blocks) {
    const a = X(at[0]) - 4, b = X(at.at(-1)) + 4;
    marks.push(el("path", { d: `M${a} ${foot}v4H${b}v-4`, fill: "none",
      stroke: "var(--q-muted)" }));
    say((a + b) / 2, foot + 19, wide ? `block ${block}` : block);
  }
  if (wide) {
    say(X(layers.length - 1) - 80, foot + 37, "e expand, d depthwise, p project");
  } else marks.push(label(0, foot + 19, "block"));
  return marks;
}

/** Weights by the code they are near: before folding an area, after a line. */
function histogramPanel(svg, w, x0, x1, y0, wide) {
  const counts = of(Int16Array, w.get("counts")), top = y0 + 30, base = y0 + 120;
  const Q = lin(-1, 1, x0 + 4, x1 - 4), Y = lin(-.2, 2.8, base, top);
  const y = n => n ? Y(Math.log10(n)) : base;
  const area = el("path", { fill: REAL, "fill-opacity": .3, stroke: REAL, "stroke-width": 1.25 });
  const line = el("path", { fill: "none", stroke: CODE, "stroke-width": 1.75 });
  const title = label(x0, y0 + 12, "", "ink b"), codes = ruler(base, x0, x1);
  const zero = label(x1 - 4, top + 12, "", "ink halo", "end");
  const before = label(x0, y0 + 164, "before folding", "real");
  const after = label(x1, y0 + 164, "after folding", "code", "end");
  svg.append(title, ...[1, 10, 100].flatMap(n => [label(x0 - 6, y(n) + 4, n, "", "end"),
    rule(x0, x1, y(n))]), area, line, across(x0, x1, base), ...codes.marks,
  ...codes.names, before, after, zero);
  const shape = row => {
    const d = [];
    for (let k = 0; k < BINS; k++) {
      const a = Q(2 * k / BINS - 1), b = Q(2 * (k + 1) / BINS - 1), at = y(counts[row * BINS + k]);
      d.push([a, at], [b, at]);
    }
    return path([[Q(-1), base], ...d, [Q(1), base]]);
  };
  return (s, it, c) => {
    const row = folded => (s.layer * 2 + folded) * 2 + GRIDS.indexOf(s.grid), top = qmaxOf(s.bits);
    set(area, { d: shape(row(0)), opacity: s.folded ? .55 : 1 });
    set(line, { d: shape(row(1)), opacity: s.folded ? 1 : .45 });
    codes.update(q => Q(q / top), -top, top);
    before.classList.toggle("b", !s.folded);
    after.classList.toggle("b", s.folded);
    title.textContent = `${fixed(it.weights)} weights${wide ? "" : ` of digits-${it.network}`}, by code`;
    zero.textContent = `${fixed(100 * c.zeros / it.weights)} % become 0`;
  };
}

/** Each filter a line as high as its range, and the grid's codes across. */
function filterPanel(svg, w, x0, x1, y0, wide) {
  const all = of(Float32Array, w.get("ranges")), top = y0 + 30, base = y0 + 150;
  const Y = lin(-2.5, 2.3, base, top), y = r => clamp(Y(Math.log10(r)), top - 4, base);
  let first = 0;
  const starts = w.get("layers").map(it => { first += 2 * it.filters; return first - 2 * it.filters; });
  const lost = el("path", { fill: ERR, "fill-opacity": .12 });
  const sticks = el("path", { stroke: REAL }), dead = el("path", { stroke: ERR });
  const between = el("path", { fill: "none", stroke: CODE, "stroke-opacity": .4 });
  const ends = el("path", { fill: "none", stroke: CODE, "stroke-width": 1.75 });
  const high = label(x1, 0, "", "code halo", "end"), one = label(x1, 0, "code 1", "code halo", "end"),
    none = label(x1 - 3, 0, "", "err halo", "end");
  const title = label(x0, y0 + 12, "", "ink b"), aside = label(0, 0, "dead", "err halo");
  svg.append(title, ...[.01, 1, 100].flatMap(r => [label(x0 - 6, y(r) + 4, r, "", "end"),
    rule(x0, x1, y(r))]), lost, sticks, dead, between, ends, across(x0, x1, base),
  aside, high, one, none);
  return (s, it, c) => {
    const K = it.filters, from = starts[s.layer] + s.folded * K, pitch = (x1 - x0) / K;
    const tops = [...all.subarray(from, from + K)], S = stepsOf(s, tops), q = qmaxOf(s.bits);
    const stick = (r, k) => `M${(x0 + (k + .5) * pitch).toFixed(1)} ${base}V${y(r).toFixed(1)}`;
    const is0 = (r, k) => becomes0(r, S[k]), width = pitch < 3 ? pitch : clamp(pitch * .4, 1, 2);
    const look = { "stroke-width": width, "stroke-opacity": pitch < 3 ? .4 : null };
    set(sticks, { ...look, d: tops.map((r, k) => is0(r, k) ? "" : stick(r, k)).join("") });
    set(dead, { ...look, d: tops.map((r, k) => is0(r, k) ? stick(r, k) : "").join("") || null });
    const tread = n => steps(x0, pitch, S.map(each => y(n * each)));
    set(ends, { d: tread(1) + tread(q) });
    const inner = [];
    for (let n = 2; n < q; n *= 2) inner.push(tread(n));
    set(between, { d: inner.join("") || null });
    set(lost, { d: `${tread(.5)}V${base}H${x0}z` });
    set(high, { y: y(q * S[K - 1]) - 6 });
    high.textContent = `code ${q}`;
    set(one, { y: y(S[K - 1]) - 6, visibility: q < 15 ? "hidden" : null });
    const edge = y(.5 * S[K - 1]);
    set(none, { y: edge + 13 });
    none.textContent = base - edge < 18 ? "" : c.empty ? `${c.empty} become 0` : "becomes 0";
    set(aside, { x: x0 + pitch + 3, y: y(tops[0]) + 12, visibility: it.dead && s.folded ? null : "hidden" });
    title.textContent = `Range of ${K} filters${wide ? ", max |w|" : ""}`;
  };
}

export default { render: mount({ say, build,
  hint: "Drag along the layers, or focus the blue handle and press ←\u00a0→. "
    + "All others stay real; five networks, 1\u202f797 images." }) };
