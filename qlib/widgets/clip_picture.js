/* The panels of the widget where_to_clip.  Each has what lies `under` and `over`
 * the blue line; choose() draws what stays while T moves.  Chapter: calibration */

const CODE = "var(--q-code)", REAL = "var(--q-real)", ERR = "var(--q-err)", INK = "var(--q-ink)";
const MUTED = "var(--q-muted)", TOUCH = "var(--q-touch)", FLOAT = "var(--q-float)", RULE = "var(--q-rule)";
const COLS = 128, EACH = BINS / COLS, LEFT = 22, RIGHT = 10, FLOOR = .6;    // a count of 0 lies below 1
const stroke = (colour, width = 1.75, more = {}) => el("path", { fill: "none", stroke: colour,
  "stroke-width": width, "stroke-linejoin": "round", ...more,
  "stroke-linecap": more["stroke-dasharray"] ? null : "round" });
const area = (fill, opacity, more = {}) => el("path", { fill, "fill-opacity": opacity, ...more });
const knob = () => el("circle", { r: 5.5, fill: TOUCH, stroke: "var(--q-paper)", "stroke-width": 1.5 });
const italic = (said, cls = "") => el("tspan", { class: `var ${cls}` }, said);
const pixels = said => 5.7 * said.length;               // pixels, roughly
/** Words beside x: to its right, or to its left where they would leave the plot. */
const beside = (node, said, x, gap, x0, x1) => {
  const left = x + gap + pixels(said) > x1 && x - gap - pixels(said) > x0 - 46;
  node.textContent = said;
  set(node, { x: (x + (left ? -gap : gap)).toFixed(1), "text-anchor": left ? "end" : "start" });
  return left ? pixels(said) : 0;
};
/** n lines with a number, to be filled later: fill([[y, words], ...]) */
function grid(n, x0, x1) {
  const lines = spaced(n).map(() => [label(x0 - 6, 0, "", "", "end"),
    across(x0, x1, 0, { stroke: RULE, "stroke-opacity": .6 })]);
  const fill = items => lines.forEach(([number, line], k) => {
    const [y, said] = items[k] ?? [0, ""], visibility = items[k] ? null : "hidden";
    set(number, { y: y + 4, visibility });
    set(line, { y1: y, y2: y, visibility });
    number.textContent = said;
  });
  return { nodes: lines.flat(), fill };
}
/** The outline of bars, from x(0) on; what is below FLOOR is no bar. */
function skyline(values, x, y, base) {
  let d = "", up = false;
  values.forEach((v, k) => {
    if (v >= FLOOR) d += `${up ? "" : `M${x(k).toFixed(1)} ${base}`}V${y(v).toFixed(1)}H${x(k + 1).toFixed(1)}`;
    else if (up) d += `V${base}`;
    up = v >= FLOOR;
  });
  return d + (up ? `V${base}` : "") || null;
}
/** A line through the thresholds whose value is `shown`. */
function line(list, X, Y, shown = Number.isFinite) {
  let d = "", up = false;
  list.forEach((v, k) => {
    const seen = shown(v, k);
    if (seen) d += `${up ? "L" : "M"}${X(k + 1).toFixed(1)} ${Y(v).toFixed(1)}${up ? "" : "h.1"}`;
    up = seen;
  });
  return d || null;
}
const power = e => e >= -2 ? fixed(10 ** e, Math.max(0, -e)) : digits(10 ** e, 1).slice(4);
const count = n => n >= 1e6 ? `${n / 1e6}${GLUE}M` : n >= 1e3 ? `${n / 1e3}${GLUE}k` : n;

/** The histogram on a log scale, what is clipped, Q, the codes, and two picks. */
function histogramPanel({ uid, X, x0, x1, wide }, base) {
  const top = 30, C = k => X(k * CUTS / COLS), hatched = `url(#${uid}hatch)`, counts = grid(4, x0, x1);
  const kept = area(REAL, .3, { stroke: REAL, "stroke-width": 1.25 }), cut = area(hatched, 1, { stroke: ERR });
  const steps = stroke(CODE), codes = ruler(base, x0, x1);
  const beyond = el("rect", { y: base + 3, height: 7, fill: hatched });
  const spike = label(x0 + 9, 0, "", "halo"), own = label(x0, base + 27, "", "halo");
  const lost = [label(0, 0, "", "err b halo"), label(0, 0, "", "err halo")];
  const flags = [0, 18].map(y => ({ line: stroke(MUTED, 1, { "stroke-dasharray": "1 3" }), y,
    mark: el("path", { fill: INK }), words: label(0, top + 7 + y, "", "ink halo") }));
  const under = [el("defs", {}, hatch(uid + "hatch")), label(0, 12, "count"), counts.nodes, kept, cut,
    flags.flatMap(f => [f.line, f.mark]), across(x0, x1, base), codes.marks, beyond,
    label(0, base + 27, "code", "code")].flat();
  const over = [steps, spike, lost, flags.map(f => f.words), codes.names, own].flat();
  let Y, columns;
  const choose = c => {
    columns = spaced(COLS).map(k => total(c.it.counts, k * EACH, (k + 1) * EACH));
    const high = 10 ** Math.ceil(Math.log10(Math.max(...columns)));
    const log = lin(Math.log10(FLOOR), Math.log10(high), base, top);
    Y = n => log(Math.log10(Math.max(n, FLOOR)));
    counts.fill([1, 1e2, 1e4, 1e6].filter(n => n <= high).map(n => [Y(n), count(n)]));
    const zeros = c.it.counts[0] / c.it.n;
    spike.textContent = zeros > .05 ? `${fixed(100 * zeros)} % are 0` : "";
    set(spike, { y: Y(columns[0]) + 5 });
    own.textContent = c.whole ? `each layer has its own${wide ? "; T is the same share of max |r| in all" : ""}` : "";
    [["min-max picks", c.it.max], [`99.99${GLUE}% picks`, c.it.upper]].forEach(([words, T], k) => {
      const { line: leader, mark, words: node, y } = flags[k], x = X(T / c.it.max * CUTS);
      set(leader, { d: `M${x} ${top + 4 + y}V${base}` });
      set(mark, { d: `M${x - 4} ${top + y}h8l-4 6z` });
      flags[k].from = x - 8 - beside(node, `${words} ${fixed(T, 2)}`, x, 8, x0, x1);
    });
  };
  const update = (c, s, { Q }) => {
    const x = X(s.cut), k = s.cut * COLS / CUTS, qmax = c.qmax, n = c.it.beyond[s.cut];
    set(kept, { d: skyline(columns.slice(0, k), C, Y, base) });
    set(cut, { d: skyline(columns.slice(k), j => C(k + j), Y, base) });
    set(beyond, { x: x + 12, width: Math.max(0, x1 - x - 12) });
    const shared = c.whole ? [] : spaced(k).map(j => total(Q, j * EACH, (j + 1) * EACH));
    set(steps, { d: skyline(shared, C, Y, base) });
    codes.update(q => c.whole ? -99 : x0 + q * (x - x0) / qmax, 0, qmax);
    lost[0].textContent = n ? `${fixed(n)} value${n === 1 ? "" : "s"} clipped` : "nothing is clipped";
    const words = [wide || c.whole ? `${share100(n, c.it.n)} %` : "",
      c.whole ? "" : `all become ${wide ? "code " : ""}${qmax}`];
    lost[1].textContent = n ? words.filter(Boolean).join(", ") : "";
    const need = wide ? 170 : 122, left = x > x1 - need && x > (x0 + x1) / 2;
    const near = Math.ceil(need / (x1 - x0) * COLS), side = left ? -1 : 1;
    const high = Math.max(...left ? columns.slice(Math.max(0, k + 1 - near), k) : columns.slice(k, k + near));
    const low = left || flags.some(f => f.from < x + need + 10) ? 46 : 10;
    const above = x < x0 + 84 && spike.textContent ? Y(columns[0]) + 25 : 0;
    const y = Math.max(above, clamp(Y(high) - 24, top + low, top + 52));
    lost.forEach((node, j) => set(node, { x: x + 10 * side, y: y + 15 * j,
      "text-anchor": left ? "end" : "start" }));
  };
  return { under, over, choose, update };
}

/** A panel with a log scale, its picks below its floor. */
function logPanel({ X, x0, x1, y0, y1 }, name) {
  const lines = grid(6, x0, x1), leader = stroke(INK, 1), mark = el("path", { fill: INK });
  const title = label(x0, y0 - 10, name, "ink b halo"), words = label(0, y1 + 14, "", "ink halo");
  const self = { dot: knob(), title, over: [title, words],
    under: [...lines.nodes, across(x0, x1, y1, { stroke: RULE }), leader, mark] };
  self.scale = (list, low, high) => {
    const a = Math.log10(low), b = Math.log10(high), to = lin(a, b, y1, y0), first = Math.ceil(a);
    const decades = Math.floor(b) - first + 1, every = Math.ceil(decades * 21 / (y1 - y0));
    const finer = marks => spaced(4, first - 1).flatMap(e => marks.map(m => [e, m])).filter(([e, m]) =>
      m * 10 ** e >= low && m * 10 ** e <= high);
    const ticks = decades > 1 ? spaced(Math.ceil(decades / every)).map(k => [first + every * k, 1])
      : [[1, 3], [1, 2, 5]].map(finer).find(marks => marks.length > 1) ?? [];
    lines.fill(ticks.map(([e, m]) => [to(e + Math.log10(m)), m > 1 ? digits(m * 10 ** e, 1) : power(e)]));
    self.list = list;
    self.Y = v => clamp(to(Math.log10(v)), y0 - 4, y1);
  };
  self.y = k => self.Y(self.list[k]);
  self.pick = (k, said) => {
    const x = X(k ?? 0);
    set(leader, { d: k && `M${x} ${self.y(Math.max(1, Math.round(k)) - 1)}V${y1 + 5}` });
    set(mark, { d: k && `M${x - 4} ${y1 + 11}h8l-4 -7z` });
    beside(words, said, x, k ? 8 : 0, x0, x1);
  };
  return self;
}

function klPanel(place) {
  const { X, y0 } = place, self = logPanel(place, "KL divergence");
  const band = area(ERR, .12), none = label(0, y0 + 9, "infinite", "err", "middle");
  const ghost = stroke(MUTED, 1, { "stroke-dasharray": "3 3" }), all = stroke(INK, 1), curve = stroke(INK);
  self.under.push(band, ghost, all, curve);
  self.over.push(none);
  self.choose = (c, d, s) => {
    const seen = [...c.kl.slice(0, -1), ...c.plain?.slice(0, -1) ?? []].filter(v => v > 0 && v < Infinity);
    self.scale(c.kl, Math.min(...seen, 1) * .8, Math.max(...seen, .1) * 1.1);
    set(ghost, { d: c.plain && line(c.plain, X, self.Y) });
    const runs = [];                             // of thresholds where KL is infinite
    c.kl.forEach((v, k) => {
      if (v < Infinity) return;
      if (c.kl[k - 1] !== Infinity) runs.push([X(k + .5)]);
      runs.at(-1)[1] = X(Math.min(k + 1.5, CUTS));
    });
    set(band, { d: runs.map(([a, b]) => `M${a} ${y0 - 4}H${b}V${y0 + 14}H${a}z`).join("") || null });
    const [a, b] = runs.reduce((best, run) => run[1] - run[0] > best[1] - best[0] ? run : best, [0, 0]);
    set(none, { x: (a + b) / 2, visibility: b - a > 52 ? null : "hidden" });
    const colour = s.bug ? ERR : INK, among = (v, k) => Number.isFinite(v) && k >= c.from - 1 && k < CUTS - 1;
    set(all, { d: line(c.kl, X, self.Y), stroke: colour, "stroke-opacity": .5 });
    set(curve, { d: line(c.kl, X, self.Y, among), stroke: colour });
    const k = c.picks.kl;
    self.pick(k, `${s.bug ? "KL with the bug picks" : "KL picks"} ${k ? at(c, k) : "nothing"}`);
  };
  self.y = k => self.list[k] === Infinity ? y0 + 5 : self.Y(self.list[k]);
  return self;
}

function msePanel(place) {
  const { X, x0, x1, y1 } = place, self = logPanel(place, "");
  const parts = [stroke(ERR, 1.25), stroke(ERR, 1.25, { "stroke-dasharray": "2 2" })], curve = stroke(INK);
  const names = ["rounding", "clipping"].map((said, k) => label(0, y1 - 5, said, "err halo", k ? "start" : "end"));
  self.under.push(...parts, curve);
  self.over.push(...names);
  self.choose = c => {
    const high = c.mse[2], low = Math.min(...c.mse) * .22, seen = v => v > low, k = c.picks.mse;
    self.title.textContent = c.whole ? "Noise / signal" : "Mean squared error";
    self.scale(c.mse, low, high);
    set(curve, { d: line(c.mse, X, self.Y, v => v <= high * 1.3) });
    [c.rounding, c.clipping].forEach((part, j) =>
      set(parts[j], { d: line(part, X, self.Y, v => seen(v) && v <= high * 1.3) }));
    const rise = X(c.rounding.findIndex(seen) + 1), after = X(c.clipping.findLastIndex(seen) + 1) + 6;
    set(names[0], { x: rise - 5, visibility: rise > x0 + 60 ? null : "hidden" });
    const meets = after < X(k) + 4 && after + 54 > X(k);
    set(names[1], { x: Math.min(meets ? X(k) + 6 : after, x1 - 50) });
    self.pick(k, `MSE picks ${at(c, k)}`);
  };
  return self;
}

function logitsPanel(place) {
  const self = logPanel(place, place.wide ? "Error of the logits" : "Logits\u2019 error"), curve = stroke(INK);
  self.under.push(curve);
  self.choose = c => {
    self.scale(c.rms, Math.min(...c.rms) * .8, Math.max(...c.rms));
    set(curve, { d: line(c.rms, place.X, self.Y) });
    self.pick(c.picks.rms, `smallest at ${at(c, c.picks.rms)}`);
  };
  return self;
}

/** What was measured, its interval, and where no difference from float is seen. */
function accuracyPanel({ uid, X, x0, x1, y0, y1, wide }) {
  const frame = el("clipPath", { id: uid + "rates" },
    el("rect", { x: x0, y: y0 - 4, width: x1 - x0, height: y1 - y0 + 4 }));
  const inside = { "clip-path": `url(#${uid}rates)` }, lines = grid(2, x0, x1);
  const band = area(REAL, .28, inside), curve = stroke(INK, 1.75, inside);
  const dashed = { stroke: FLOAT, "stroke-dasharray": "5 3" };
  const real = across(x0, x1, 0, { ...dashed, "stroke-width": 1.25 });
  const dash = el("path", { d: wide && `M${x0 + 133} ${y0 - 14}h20`, ...dashed, "stroke-width": 1.5 });
  const reference = label(x0 + (wide ? 158 : 62), y0 - 10, "", "float halo");
  const bracket = stroke(INK, 1), words = label(0, y1 - 5, "", "ink halo");
  let Y, p;
  const choose = (c, d) => {
    p = c.rates.map(rate => rate[0]);
    const low = p.filter(v => v > .9).length > 16 ? .88 : 0;
    Y = lin(low, 1, y1, y0);
    lines.fill([1, low ? .9 : .5].map(v => [Y(v), `${100 * v} %`]));
    const ends = j => c.rates.map((rate, k) => [X(k + 1), Y(rate[j])]);
    set(band, { d: `${path([...ends(1), ...ends(2).reverse()])}z` });
    set(curve, { d: path(ends(0)) });
    set(real, { y1: Y(d.right / d.images), y2: Y(d.right / d.images) });
    reference.textContent = `float ${percent(d.right / d.images)}`;
    const a = X(c.same[0] ?? 0), b = X(c.same.at(-1) ?? 0);
    const said = !c.same.length ? "a difference from float everywhere" : wide
      ? "no difference from float seen (McNemar)" : "no difference from float";
    set(bracket, { d: c.same.length ? `M${a} ${y1 - 24}v5H${b}v-5` : null });
    set(words, { x: clamp(a + 2, x0, x1 - 1.05 * pixels(said)) });
    words.textContent = said;
  };
  return { dot: knob(), choose, y: k => clamp(Y(p[k]), y0 - 4, y1),
    under: [frame, ...lines.nodes, band, real, curve, bracket, across(x0, x1, y1, { stroke: RULE })],
    over: [label(x0, y0 - 10, wide ? "Measured accuracy" : "Accuracy", "ink b halo"), dash, reference, words] };
}

/** Reals, below all panels. */
function xAxis({ x0, x1 }, y) {
  const ticks = stroke(MUTED, 1), names = texts(14, y + 18, "");
  const unit = el("text", { x: x1, y: y + 34, "text-anchor": "end" });
  const choose = c => {
    const max = c.it.max, step = [.2, .5, 1, 2, 5].find(v => max / v <= (x1 - x0) / 50);
    const list = spaced(Math.floor(max / step + 1e-9) + 1).map(k =>
      [x0 + k * step / max * (x1 - x0), fixed(k * step, +(step < 1))]);
    set(ticks, { d: list.map(([x]) => `M${x.toFixed(1)} ${y}v4`).join("") });
    names.fill(list);
    unit.replaceChildren(...c.whole ? ["share of max |", italic("r"), "|"] : ["|", italic("r"), "|"]);
  };
  return { nodes: [across(x0, x1, y, { stroke: MUTED }), ticks, ...names.nodes, unit], choose };
}

/** A magnifying glass around T: each bar is one bin. */
function lensPanel(uid, W, base) {
  const top = 52, floor = base - 8, bar = W / (LEFT + RIGHT), x = k => (k + LEFT) * bar, T = x(0);
  const kept = area(REAL, .45), gone = area(ERR, .22), pile = area(`url(#${uid}hatch)`, 1, { stroke: ERR });
  const steps = stroke(CODE, 2), plus = label(T - 10, 0, "", "err b halo", "end");
  const named = [["P", "real", 0, "data"], ["Q", "code", 50, "codes"]].map(([letter, cls, left, words]) =>
    el("text", { x: left, y: floor + 18 }, italic(letter, `b ${cls}`), ` ${words}`));
  const mark = el("line", { x1: T, x2: T, y1: top - 6, y2: floor + 5, stroke: TOUCH, "stroke-width": 2 });
  const svg = el("svg", { width: W, height: base + 20, "aria-hidden": "true" },
    el("text", { y: 32, class: "ink b" }, "around ", italic("T"), ", bin by bin"), kept, gone, pile, steps,
    across(0, W, floor), mark, plus, named);
  const update = (c, s, { P, Q }) => {
    const i = s.cut * PER, near = spaced(LEFT + RIGHT, -LEFT);
    const n = k => i + k < BINS ? k < 0 && i + k === 0 && !s.zeros ? 0 : c.it.counts[i + k] : 0, heap = P[i - 1];
    const log = lin(Math.log10(FLOOR), Math.log10(Math.max(10, heap, ...near.map(n)) * 1.1), floor, top);
    const y = v => log(Math.log10(Math.max(v, FLOOR)));
    const box = (k, a, b) => b > a ? `M${(x(k) + .5).toFixed(1)} ${y(a).toFixed(1)}V${y(b).toFixed(1)}`
      + `h${(bar - 1).toFixed(1)}V${y(a).toFixed(1)}z` : "";
    const boxes = ks => ks.map(k => box(k, FLOOR, n(k))).join("") || null;
    const treads = near.slice(0, LEFT).map(k =>
      `${x(k).toFixed(1)} ${y(Q[i + k]).toFixed(1)}H${x(k + 1).toFixed(1)}`);
    set(kept, { d: boxes(near.slice(0, LEFT)) });
    set(gone, { d: boxes(near.slice(LEFT)) });
    set(pile, { d: box(-1, Math.max(FLOOR, n(-1)), heap) || null });
    set(steps, { d: c.whole ? null : `M${treads.join("L")}` });
    plus.textContent = c.it.beyond[s.cut] ? `+ ${fixed(c.it.beyond[s.cut])}` : "";
    set(plus, { y: Math.max(top + 2, y(heap) + 10) });
    set(named[1], { visibility: c.whole ? "hidden" : null });
  };
  return { svg, update };
}
