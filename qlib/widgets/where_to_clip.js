/* Where should I clip?  The other half is where_to_clip.py.  Chapter: calibration */

// ---- numbers: twins of qlib.calibrate and qlib.stats ------------------------

const BITS = [8, 6, 5, 4, 3, 2], CUTS = 64, BINS = 2048, PER = BINS / CUTS;
const Z95 = 1.959963984540054, ALPHA = .05;
const total = (list, from = 0, to = list.length) => {
  let sum = 0;
  for (let k = from; k < to; k++) sum += list[k];
  return sum;
};
const least = (list, from = 0, to = list.length) => {     // the first of the smallest
  let best = from;
  for (let k = from; k < to; k++) if (list[k] < list[best]) best = k;
  return best;
};
const median = lists => lists[0].map((_, k) =>            // of an odd number of lists
  lists.map(list => list[k]).sort((a, b) => a - b)[(lists.length - 1) / 2]);
const spaced = (count, from = 0) => Array.from({ length: count }, (_, k) => k + from);

/** LEB128: seven bits a byte, the lowest first. */
function integers(view) {
  const list = [];
  for (let at = 0, n = 0, shift = 0; at < view.byteLength; at++) {
    const byte = view.getUint8(at);
    n += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) { list.push(n); n = shift = 0; }
  }
  return list;
}

/** What Python sent, unpacked once; `known` holds what was computed from it. */
const sent = new WeakMap();
function tablesOf(get) {
  if (!sent.has(get("counts"))) {
    const flat = Float64Array.from(integers(get("counts"))), both = integers(get("answers")), rms = get("rms");
    const layers = get("layers").map((it, k) => ({ ...it, counts: flat.slice(k * BINS, (k + 1) * BINS) }));
    const inner = layers.slice(1, -2), all = layers.at(-1);
    all.counts = new Float64Array(BINS).map((_, j) => total(inner.map(it => it.counts[j])));
    for (const it of layers) {
      it.n = total(it.counts);
      it.beyond = spaced(CUTS + 1).map(k => total(it.counts, k * PER));
      it.energy = total(it.counts.map((n, j) => n * ((j + .5) * it.max / BINS) ** 2)) / it.n;
    }
    sent.set(get("counts"), { layers, inner, all, known: new Map(), right: get("right"), scale: get("scale"),
      images: get("images"), lost: both.slice(0, both.length / 2), won: both.slice(both.length / 2),
      rms: spaced(rms.byteLength / 4).map(k => rms.getFloat32(4 * k, true)) });
  }
  return sent.get(get("counts"));
}
const once = (d, key, make) => {
  if (!d.known.has(key)) d.known.set(key, make());
  return d.known.get(key);
};

const SMOOTH = {
  none: p => p,
  ncnn: p => { const e = 1e-4 * total(p); return p.map(v => v + e); },
  MXNet: p => {
    const n = p.filter(v => !v).length, e = 1e-4 * n / (p.length - n);
    return n === p.length ? p : p.map(v => v ? v - e : 1e-4);
  },
};
/** P and Q as counts, the first i bins kept.  Q: each level shares its counts among
 *  its bins that are not empty; with the bug, `stop = -1`, the last bin is none. */
function pq(counts, i, levels, { zeros, bug }) {
  const P = counts.slice(0, i), Q = new Float64Array(i), last = bug ? i - 1 : i;
  if (!zeros) P[0] = 0;
  for (let j = 0, k = 0; j < levels; j++) {
    const from = k, to = Math.ceil((j + 1) * i / levels);
    let sum = 0, bins = 0;
    for (; k < to; k++) { sum += P[k]; bins += P[k] > 0 && k < last; }
    for (k = from; k < to; k++) if (P[k] > 0 && k < last) Q[k] = sum / bins;
  }
  P[i - 1] += total(counts, i);
  return { P, Q };
}
function divergence(P, Q) {
  const p = total(P), q = total(Q) || 1;
  let D = 0;
  for (let k = 0; k < P.length; k++) {
    if (P[k] > 0) D += Q[k] ? P[k] / p * Math.log(P[k] / p / (Q[k] / q)) : Infinity;
  }
  return D;
}
function klAt(counts, i, levels, rule) {
  const { P, Q } = pq(counts, i, levels, rule), smooth = SMOOTH[rule.smoothing];
  return divergence(smooth(P), smooth(Q));
}
const levelsOf = (it, bits) => 2 ** (bits - it.signed);
const stepOf = (it, bits, k) => Math.fround(k / CUTS * it.max / (levelsOf(it, bits) - 1));
/** Mean squared error of a tensor: of the values within T, and beyond it. */
function errorsAt(it, bits, k) {
  const S = stepOf(it, bits, k), top = levelsOf(it, bits) - 1, sums = [0, 0];
  for (let j = 0; j < BINS; j++) {
    const c = (j + .5) * it.max / BINS, e = c - S * Math.min(halfEven(c / S), top);
    sums[+(j >= k * PER)] += it.counts[j] * e * e;
  }
  return sums.map(sum => sum / it.n);
}
function wilson(k, n) {
  const p = k / n, w = Z95 ** 2 / n, middle = (p + w / 2) / (1 + w);
  const half = Z95 / (1 + w) * Math.sqrt(p * (1 - p) / n + Z95 ** 2 / (4 * n * n));
  return [Math.max(0, middle - half), k === n ? 1 : middle + half];
}
function mcnemar(b, c) {
  let term = 2 ** -(b + c), sum = 0;
  for (let k = 0; k <= Math.min(b, c); k++) { sum += term; term *= (b + c - k) / (k + 1); }
  return Math.min(1, 2 * sum);
}

// ---- curves over the 64 thresholds, computed once per choice -------------------

const klCurve = (d, { layer, bits, smoothing, zeros, bug }) =>
  once(d, `kl ${layer} ${bits} ${smoothing} ${zeros} ${bug}`, () => {
    const it = d.layers[layer], rule = { smoothing, zeros, bug };
    return it === d.all
      ? median(d.inner.map((_, k) => klCurve(d, { layer: k + 1, bits, ...rule })))
      : spaced(CUTS, 1).map(k => klAt(it.counts, k * PER, levelsOf(it, bits), rule));
  });
const errorCurves = (d, layer, bits) => once(d, `mse ${layer} ${bits}`, () => {
  const it = d.layers[layer];
  if (it !== d.all) {
    const parts = spaced(CUTS, 1).map(k => errorsAt(it, bits, k));
    return [parts.map(pair => total(pair)), ...[0, 1].map(j => parts.map(pair => pair[j]))];
  }
  const each = d.inner.map((one, k) => errorCurves(d, k + 1, bits).map(list =>
    list.map(v => v / one.energy)));
  return [0, 1, 2].map(j => median(each.map(curves => curves[j])));
});
/** Everything that does not move with T; thresholds are numbered from 1. */
const chosen = (d, s) => once(d, `all ${s.layer} ${s.bits} ${s.smoothing} ${s.zeros} ${s.bug}`, () => {
  const it = d.layers[s.layer], row = (s.layer * BITS.length + BITS.indexOf(s.bits)) * CUTS;
  const kl = klCurve(d, s), [mse, rounding, clipping] = errorCurves(d, s.layer, s.bits);
  const each = it === d.all ? d.inner : [it];
  const levels = Math.max(...each.map(one => levelsOf(one, s.bits)));
  const from = Math.max(1, Math.ceil(levels / PER)), best = least(kl, from - 1, CUTS - 1);
  const rows = spaced(CUTS, row), rms = rows.map(k => d.rms[k]);
  const right = rows.map(k => d.right - d.lost[k] + d.won[k]);
  let run = [], same = [];
  rows.forEach((at, k) => {
    run = mcnemar(d.lost[at], d.won[at]) > ALPHA ? [...run, k + 1] : [];
    if (run.length > same.length) same = run;
  });
  return { it, whole: it === d.all, qmax: levels - 1, from, kl, mse, rounding, clipping, rms, same,
    plain: s.bug ? klCurve(d, { ...s, bug: false }) : null,
    rates: right.map(k => [k / d.images, ...wilson(k, d.images)]),
    picks: { kl: kl[best] < Infinity ? best + 1 : null, mse: least(mse) + 1, rms: least(rms) + 1 } };
});

// ---- words: where_to_clip.py computes the same ones with qlib -------------------

const at = (c, k) => fixed(k / CUTS * c.it.max, 2);
const share100 = (n, all) => n / all < 1e-4 ? "less than 0.01" : digits(100 * n / all, 2);
const plural = (n, word) => `${fixed(n)} ${word}${n === 1 ? " is" : "s are"}`;

/** Why KL is infinite. */
function why(d, c, s) {
  if (c.whole) {
    const n = d.inner.filter((_, k) => klCurve(d, { ...s, layer: k + 1 })[s.cut - 1] === Infinity).length;
    return `in ${n} of ${d.inner.length} layers`;
  }
  const last = fixed(s.cut * PER - 1);
  if (!total(c.it.counts, s.zeros ? 0 : 1, s.cut * PER)) return "no bin that is kept holds a value";
  if (s.bug) return `the bug leaves bin ${last} of Q empty`;
  return `bin ${last} is empty, ${plural(c.it.beyond[s.cut], "value")} clipped`;
}

function notice(d, c, s) {
  const kl = c.picks.kl ? at(c, c.picks.kl) : "nothing: it is infinite at every candidate";
  const picks = `${c.whole ? "In shares of max |r|, min" : "Min"}-max picks ${at(c, CUTS)}, the 99.99${GLUE}% `
    + `point ${fixed(c.it.upper, 2)}, squared error ${at(c, c.picks.mse)}, `
    + `KL${s.bug ? " with the bug" : ""}${GLUE}${kl}.`;
  const same = c.same.length ? `From ${at(c, c.same[0])} to ${at(c, c.same.at(-1))}, ${d.images} digits show `
    + "no difference from float (McNemar)."
    : `At every threshold, ${d.images} digits show a difference from float.`;
  const n = c.it.beyond[s.cut], infinite = c.kl[s.cut - 1] === Infinity;
  const here = n ? `At T${GLUE}=${GLUE}${at(c, s.cut)}, ${share100(n, c.it.n)}${GLUE}% of the values are clipped`
    : `At T${GLUE}=${GLUE}${at(c, s.cut)}, nothing is clipped`;
  return `${picks} ${same} ${here}${infinite ? `; KL is infinite: ${why(d, c, s)}` : ""}.`;
}

/** All strings. */
function say(s, get) {
  const d = tablesOf(get), c = chosen(d, s), k = s.cut - 1, n = c.it.beyond[s.cut];
  const kl = c.kl[k] === Infinity ? "infinite" : digits(c.kl[k]), accuracy = percent(c.rates[k][0]);
  const spoken = kl === "infinite" ? `KL infinite: ${why(d, c, s)}` : `KL ${kl} nats`;
  const clipped = n ? `${share100(n, c.it.n)} percent clipped` : "nothing clipped";
  return { kl, mse: digits(c.mse[k]), accuracy, logits: digits(c.rms[k]), notice: notice(d, c, s),
    "valuetext:cut": `T = ${at(c, s.cut)}${c.whole ? " of max |r|" : ""}, ${clipped}, ${spoken}, `
      + `accuracy ${accuracy.slice(0, -2)} percent` };
}

// ---- the picture -----------------------------------------------------------

const CODE = "var(--q-code)", REAL = "var(--q-real)", ERR = "var(--q-err)", INK = "var(--q-ink)";
const MUTED = "var(--q-muted)", TOUCH = "var(--q-touch)", FLOAT = "var(--q-float)", PAPER = "var(--q-paper)";
const COLS = 128, LEFT = 22, RIGHT = 10, FLOOR = .6;     // a count of 0 lies below 1
const rule = (x0, x1, y) => across(x0, x1, y, { stroke: "var(--q-rule)", "stroke-opacity": .6 });
const stroke = (colour, width = 1.75, more = {}) => el("path", { fill: "none", stroke: colour,
  "stroke-width": width, "stroke-linejoin": "round", ...more,
  "stroke-linecap": more["stroke-dasharray"] ? null : "round" });
const italic = (said, cls = "") => el("tspan", { class: `var ${cls}` }, said);
const pixels = said => 5.7 * said.length;               // pixels, roughly
/** Words beside x: to its right, or to its left where they would leave the plot. */
const beside = (node, said, x, gap, x0, x1) => {
  const left = x + gap + pixels(said) > x1 && x - gap - pixels(said) > x0 - 46;
  node.textContent = said;
  set(node, { x: (x + (left ? -gap : gap)).toFixed(1), "text-anchor": left ? "end" : "start" });
  return left ? pixels(said) : 0;
};
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

function build(w) {
  const d = tablesOf(w.get);
  const range = w.range("cut", { min: 1, max: CUTS, "aria-label": "clipping threshold T" });
  w.controls(w.select("layer", "layer", d.layers.map((it, k) => [k, it.name])),
    w.seg("bits", "bits of a code", BITS.map(b => [b, b])), el("div", { class: "wc-row" }),
    w.seg("smoothing", "KL rule: smoothing", Object.keys(SMOOTH).map(name => [name, name])),
    el("div", { class: "wc-pair" }, w.toggle("zeros", "KL rule: zeros", ["count bin 0"]),
      w.toggle("bug", "KL rule: stop = \u22121", ["with the bug"])));
  const outs = Object.entries({ kl: "KL divergence", mse: "squared error", accuracy: "accuracy",
    logits: "error of the logits" }).map(([name, words]) => w.readout(name, el("span", { class: "q-sr" }, words)));
  const slide = el("div", { class: "q-stage" }), side = el("div", { class: "wc-side" });
  w.stage.className = "wc";                      // the pointer moves the left part
  w.stage.append(slide, side);
  let X;
  drag(slide, [range], () => X);
  return ({ W, wide }) => {
    const x0 = wide ? 46 : 40, x1 = W - (wide ? 168 : 12), base = wide ? 196 : 190;
    X = lin(0, CUTS, x0, x1);
    const tops = [76, 186, 324, 420].map(y => base + y), heights = [64, 92, 64, 56];
    const foot = tops[3] + heights[3] + 22, H = foot + 40;
    const hist = histogramPanel(w.uid, X, x0, x1, base, wide);
    const panels = [klPanel, msePanel, accuracyPanel, logitsPanel].map((make, k) =>
      make({ uid: w.uid, X, x0, x1, y0: tops[k], y1: tops[k] + heights[k], wide }));
    const stem = el("line", { y1: 20, y2: foot, stroke: TOUCH, "stroke-width": 1.75 });
    const named = el("tspan"), name = el("text", { y: 14, class: "touch b halo" }, italic("T"), named);
    const axis = xAxis(x0, x1, foot);
    const svg = el("svg", { width: x1 + 12, height: H, role: "img" },
      hist.under, panels.flatMap(p => p.under), axis.nodes, stem,
      hist.over, panels.flatMap(p => [...p.over, p.dot]), name);
    const lens = wide ? lensPanel(w.uid, W - x1 - 26, base) : { svg: "", update() {} };
    slide.replaceChildren(svg, range);
    slide.style.width = `${x1 + 12}px`;
    side.replaceChildren(lens.svg);
    side.style.left = `${x1 + 26}px`;
    range.style.cssText = `left:${X(1) - 11}px;top:${base - 22}px;width:${X(CUTS) - X(1) + 22}px`;
    outs.forEach((out, k) => out.place(wide ? `left:${x1 + 26}px;top:${tops[k] + heights[k] / 2 - 22}px`
      : `right:${W - x1}px;top:${tops[k] - 25}px`));
    let key;
    return (s, said) => {
      const c = chosen(d, s), k = s.cut - 1, x = X(s.cut);
      if (key !== c) {
        key = c;
        for (const part of [hist, ...panels, axis]) part.choose(c, d, s);
      }
      set(stem, { x1: x, x2: x });
      for (const p of panels) set(p.dot, { cx: x, cy: p.y(k) });
      named.textContent = ` = ${at(c, s.cut)}${c.whole && wide ? " of max" : ""}`;
      const left = x > x1 - (c.whole ? 124 : 70);
      set(name, { x: x + (left ? -8 : 8), "text-anchor": left ? "end" : "start" });
      hist.update(c, s);
      lens.update(c, s);
      set(svg, { "aria-label": said.notice });
      const subs = [c.kl[k] < Infinity ? `nats${c.whole ? `, median of ${d.inner.length}` : ""}`
        : c.whole ? why(d, c, s) : `bin ${fixed(s.cut * PER - 1)} of Q is empty`,
      c.whole ? `median of ${d.inner.length} layers`
        : ["step ", el("var", {}, "S"), ` = ${digits(stepOf(c.it, s.bits, s.cut))}`],
      `95 %: ${c.rates[k].slice(1).map(p => fixed(100 * p, 1)).join(" to ")}`, `of ${digits(d.scale)} (rms)`];
      outs.forEach((out, j) => { out.sub.replaceChildren(...[subs[j]].flat()); });
    };
  };
}

/** The histogram on a log scale, what is clipped, Q, the codes, and two picks. */
function histogramPanel(uid, X, x0, x1, base, wide) {
  const top = 30, C = k => X(k * CUTS / COLS), W = x1 - x0;
  const clip = (name, x) => el("clipPath", { id: uid + name }, el("rect", { x, y: 0, width: W, height: base }));
  const [inside, outside] = [clip("in", x0), clip("out", x0)], grid = spaced(4).map(() =>
    [label(x0 - 6, 0, "", "", "end"), rule(x0, x1, 0)]);
  const within = { "clip-path": `url(#${uid}in)` }, past = { "clip-path": `url(#${uid}out)` };
  const area = el("path", { fill: REAL, "fill-opacity": .3, ...within }), edge = stroke(REAL, 1.25, within);
  const cut = el("path", { fill: `url(#${uid}hatch)`, ...past }), edge2 = stroke(ERR, 1, past);
  const Q = stroke(CODE), codes = ruler(base, x0, x1), beyond = el("rect", { y: base + 3, height: 7,
    fill: `url(#${uid}hatch)` });
  const spike = label(x0 + 9, 0, "", "halo"), own = label(x0, base + 27, "", "halo");
  const lost = [label(0, 0, "", "err b halo"), label(0, 0, "", "err halo")];
  const flags = [0, 18].map(y => ({ line: stroke(MUTED, 1, { "stroke-dasharray": "1 3" }), y,
    mark: el("path", { fill: INK }), words: label(0, top + 7 + y, "", "ink halo") }));
  const under = [el("defs", {}, hatch(uid + "hatch"), inside, outside), label(0, 12, "count"), grid, area, edge,
    cut, edge2, flags.flatMap(f => [f.line, f.mark]), across(x0, x1, base), codes.marks, beyond,
    label(0, base + 27, "code", "code")].flat(2);
  const over = [Q, spike, lost, flags.map(f => f.words), codes.names, own].flat();
  let Y, columns;
  const choose = c => {
    const each = BINS / COLS;
    columns = spaced(COLS).map(k => total(c.it.counts, k * each, (k + 1) * each));
    const high = 10 ** Math.ceil(Math.log10(Math.max(...columns)));
    const log = lin(Math.log10(FLOOR), Math.log10(high), base, top);
    Y = n => log(Math.log10(Math.max(n, FLOOR)));
    grid.forEach(([node, mark], k) => {
      const n = 100 ** k, seen = n <= high ? null : "hidden";
      set(node, { y: Y(n) + 4, visibility: seen });
      set(mark, { y1: Y(n), y2: Y(n), visibility: seen });
      node.textContent = count(n);
    });
    const d = skyline(columns, C, Y, base);
    for (const node of [area, edge, cut, edge2]) set(node, { d });
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
  const update = (c, s) => {
    const x = X(s.cut), qmax = c.qmax, n = c.it.beyond[s.cut];
    set(inside.firstChild, { width: x - x0 });
    set(outside.firstChild, { x });
    set(beyond, { x: x + 12, width: Math.max(0, x1 - x - 12) });
    const spread = c.whole ? [] : pq(c.it.counts, s.cut * PER, qmax + 1, s).Q, each = BINS / COLS;
    const steps = spaced(s.cut * COLS / CUTS).map(k => total(spread, k * each, (k + 1) * each));
    set(Q, { d: c.whole ? null : skyline(steps, C, Y, base) });
    codes.update(q => c.whole ? -99 : x0 + q * (x - x0) / qmax, 0, qmax);
    lost[0].textContent = n ? `${fixed(n)} value${n === 1 ? "" : "s"} clipped` : "nothing is clipped";
    const words = [wide || c.whole ? `${share100(n, c.it.n)} %` : "",
      c.whole ? "" : `all become ${wide ? "code " : ""}${qmax}`];
    lost[1].textContent = n ? words.filter(Boolean).join(", ") : "";
    const need = wide ? 170 : 122, left = x > x1 - need && x > (x0 + x1) / 2;
    const side = left ? -1 : 1, far = k => k * CUTS / COLS - s.cut, room = need / W * CUTS;
    const near = columns.filter((_, k) => side * far(k + (side < 0)) >= 0 && side * far(k) < room);
    const low = left || flags.some(f => f.from < x + need + 10) ? 46 : 10;
    const above = x < x0 + 84 && spike.textContent ? Y(columns[0]) + 25 : 0;
    const y = Math.max(above, clamp(Y(Math.max(...near)) - 24, top + low, top + 52));
    lost.forEach((node, k) => set(node, { x: x + 10 * side, y: y + 15 * k,
      "text-anchor": left ? "end" : "start" }));
  };
  return { under, over, choose, update };
}

/** A panel with a log scale, its picks below its floor. */
function logPanel({ X, x0, x1, y0, y1 }, name) {
  const grid = spaced(6).map(() => [label(x0 - 6, 0, "", "", "end"), rule(x0, x1, 0)]);
  const title = label(x0, y0 - 10, name, "ink b halo"), words = label(0, y1 + 14, "", "ink halo");
  const leader = stroke(INK, 1), mark = el("path", { fill: INK });
  const dot = el("circle", { r: 5.5, fill: TOUCH, stroke: PAPER, "stroke-width": 1.5 });
  const floor = across(x0, x1, y1, { stroke: "var(--q-rule)" });
  const self = { dot, title, under: [...grid.flat(), floor, leader, mark], over: [title, words] };
  self.scale = (low, high) => {
    const a = Math.log10(low), b = Math.log10(high), to = lin(a, b, y1, y0), first = Math.ceil(a);
    const decades = Math.floor(b) - first + 1, every = Math.ceil(decades * 21 / (y1 - y0));
    const finer = list => spaced(4, first - 1).flatMap(e => list.map(m => [e, m])).filter(([e, m]) =>
      m * 10 ** e >= low && m * 10 ** e <= high);
    const ticks = decades > 1 ? spaced(Math.ceil(decades / every)).map(k => [first + every * k, 1])
      : [[1, 3], [1, 2, 5]].map(finer).find(list => list.length > 1) ?? [];
    grid.forEach(([node, mark], k) => {
      const [e, m] = ticks[k] ?? [], y = k < ticks.length ? to(e + Math.log10(m)) : 0;
      const seen = k < ticks.length ? null : "hidden";
      set(node, { y: y + 4, visibility: seen });
      set(mark, { y1: y, y2: y, visibility: seen });
      node.textContent = m > 1 ? digits(m * 10 ** e, 1) : m ? power(e) : "";
    });
    self.Y = v => clamp(to(Math.log10(v)), y0 - 4, y1);
  };
  self.pick = (k, v, said) => {
    const x = X(k ?? 0);
    set(leader, { d: k && `M${x} ${self.Y(v)}V${y1 + 5}` });
    set(mark, { d: k && `M${x - 4} ${y1 + 11}h8l-4 -7z` });
    beside(words, said, x, k ? 8 : 0, x0, x1);
  };
  return self;
}

function klPanel(place) {
  const { X, x0, x1, y0, y1, wide } = place, self = logPanel(place, "KL divergence");
  const band = el("path", { fill: ERR, "fill-opacity": .12 }), none = label(0, y0 + 9, "infinite", "err", "middle");
  const ghost = stroke(MUTED, 1, { "stroke-dasharray": "3 3" }), all = stroke(INK, 1), curve = stroke(INK);
  self.under.push(band, ghost, all, curve);
  self.over.push(none);
  let list;
  self.choose = (c, d, s) => {
    list = c.kl;
    const seen = [...c.kl.slice(0, -1), ...c.plain?.slice(0, -1) ?? []].filter(v => v > 0 && v < Infinity);
    self.scale(Math.min(...seen, 1) * .8, Math.max(...seen, .1) * 1.1);
    set(ghost, { d: c.plain && line(c.plain, X, self.Y) });
    const stretches = c.kl.map((v, k) => v < Infinity ? null
      : [X(k + .5), X(Math.min(k + 1.5, CUTS))]);
    set(band, { d: stretches.map(v => v ? `M${v[0]} ${y0 - 4}H${v[1]}V${y0 + 14}H${v[0]}z` : "").join("") || null });
    let run = [], widest = [];
    stretches.forEach(v => {
      run = v ? [run[0] ?? v[0], v[1]] : [];
      if (v && run[1] - run[0] > (widest[1] ?? 0) - (widest[0] ?? 0)) widest = run;
    });
    set(none, { x: widest.length ? (widest[0] + widest[1]) / 2 : 0,
      visibility: widest.length && widest[1] - widest[0] > 52 ? null : "hidden" });
    const colour = s.bug ? ERR : INK, among = (v, k) => Number.isFinite(v) && k >= c.from - 1 && k < CUTS - 1;
    set(all, { d: line(c.kl, X, self.Y), stroke: colour, "stroke-opacity": .5 });
    set(curve, { d: line(c.kl, X, self.Y, among), stroke: colour });
    const rules = s.bug ? "KL with the bug picks" : "KL picks", k = c.picks.kl;
    self.pick(k, c.kl[k - 1], `${rules} ${k ? at(c, k) : "nothing"}`);
  };
  self.y = k => list[k] === Infinity ? y0 + 5 : self.Y(list[k]);
  return self;
}

function msePanel(place) {
  const { X, x0, x1, y0, y1 } = place, self = logPanel(place, "");
  const parts = [stroke(ERR, 1.25), stroke(ERR, 1.25, { "stroke-dasharray": "2 2" })], curve = stroke(INK);
  const names = ["rounding", "clipping"].map((said, k) => label(0, y1 - 5, said, "err halo", k ? "start" : "end"));
  self.under.push(...parts, curve);
  self.over.push(...names);
  let list;
  self.choose = (c, d, s) => {
    list = c.mse;
    const low = Math.min(...list) * .22, seen = v => v > low, k = c.picks.mse;
    self.title.textContent = c.whole ? "Noise / signal" : "Mean squared error";
    self.scale(low, list[2]);
    set(curve, { d: line(list, X, self.Y, v => v <= list[2] * 1.3) });
    [c.rounding, c.clipping].forEach((part, j) => set(parts[j], { d: line(part, X, self.Y, v =>
      v > low && v <= list[2] * 1.3) }));
    const rise = c.rounding.findIndex(seen), fall = c.clipping.findLastIndex(seen) + 1;
    set(names[0], { x: X(rise + 1) - 5, visibility: X(rise + 1) > x0 + 60 ? null : "hidden" });
    const after = X(fall) + 6, meets = after < X(k) + 4 && after + 54 > X(k);
    set(names[1], { x: Math.min(meets ? X(k) + 6 : after, x1 - 50) });
    self.pick(k, list[k - 1], `MSE picks ${at(c, k)}`);
  };
  self.y = k => self.Y(list[k]);
  return self;
}

function logitsPanel(place) {
  const self = logPanel(place, place.wide ? "Error of the logits" : "Logits\u2019 error"), curve = stroke(INK);
  self.under.push(curve);
  let list;
  self.choose = c => {
    list = c.rms;
    const k = c.picks.rms;
    self.scale(Math.min(...list) * .8, Math.max(...list));
    set(curve, { d: line(list, place.X, self.Y) });
    self.pick(k, list[k - 1], `smallest at ${at(c, k)}`);
  };
  self.y = k => self.Y(list[k]);
  return self;
}

/** What was measured, its interval, and where no difference from float is seen. */
function accuracyPanel({ uid, X, x0, x1, y0, y1, wide }) {
  const frame = el("clipPath", { id: uid + "rates" },
    el("rect", { x: x0, y: y0 - 4, width: x1 - x0, height: y1 - y0 + 4 }));
  const inside = { "clip-path": `url(#${uid}rates)` }, grid = spaced(2).map(() =>
    [label(x0 - 6, 0, "", "", "end"), rule(x0, x1, 0)]);
  const band = el("path", { fill: REAL, "fill-opacity": .28, ...inside }), curve = stroke(INK, 1.75, inside);
  const real = across(x0, x1, 0, { stroke: FLOAT, "stroke-width": 1.25, "stroke-dasharray": "5 3" });
  const bracket = stroke(INK, 1), words = label(0, y1 - 5, "", "ink halo");
  const reference = label(x0 + (wide ? 158 : 62), y0 - 10, "", "float halo");
  const dash = el("path", { d: wide && `M${x0 + 133} ${y0 - 14}h20`, stroke: FLOAT,
    "stroke-width": 1.5, "stroke-dasharray": "5 3" });
  const dot = el("circle", { r: 5.5, fill: TOUCH, stroke: PAPER, "stroke-width": 1.5 });
  let Y, p;
  const choose = (c, d) => {
    p = c.rates.map(rate => rate[0]);
    const low = p.filter(v => v > .9).length > 16 ? .88 : 0;
    Y = lin(low, 1, y1, y0);
    [1, low ? .9 : .5].forEach((v, k) => {
      set(grid[k][0], { y: Y(v) + (k ? 4 : 6) });
      set(grid[k][1], { y1: Y(v), y2: Y(v) });
      grid[k][0].textContent = `${100 * v} %`;
    });
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
  return { dot, choose, y: k => clamp(Y(p[k]), y0 - 4, y1),
    under: [frame, grid, band, real, curve, bracket, across(x0, x1, y1, { stroke: "var(--q-rule)" })].flat(2),
    over: [label(x0, y0 - 10, wide ? "Measured accuracy" : "Accuracy", "ink b halo"), dash, reference, words] };
}

/** Reals, below all panels. */
function xAxis(x0, x1, y) {
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
  const bars = el("path", { fill: REAL, "fill-opacity": .45 }), gone = el("path", { fill: ERR, "fill-opacity": .22 });
  const pile = el("path", { fill: `url(#${uid}hatch)`, stroke: ERR }), steps = stroke(CODE, 2);
  const plus = label(T - 10, 0, "", "err b halo", "end");
  const named = [["P", "real", 0, "data"], ["Q", "code", 50, "codes"]].map(([letter, cls, left, words]) =>
    el("text", { x: left, y: floor + 18 }, italic(letter, `b ${cls}`), ` ${words}`));
  const mark = el("line", { x1: T, x2: T, y1: top - 6, y2: floor + 5, stroke: TOUCH, "stroke-width": 2 });
  const svg = el("svg", { width: W, height: base + 20, "aria-hidden": "true" },
    el("text", { y: 32, class: "ink b" }, "around ", italic("T"), ", bin by bin"), bars, gone, pile, steps,
    across(0, W, floor), mark, plus, named);
  const update = (c, s) => {
    const i = s.cut * PER, { P, Q } = pq(c.it.counts, i, c.qmax + 1, s), near = spaced(LEFT + RIGHT, -LEFT);
    const n = k => i + k < BINS ? k < 0 && i + k === 0 && !s.zeros ? 0 : c.it.counts[i + k] : 0, heap = P[i - 1];
    const log = lin(Math.log10(FLOOR), Math.log10(Math.max(10, heap, ...near.map(n)) * 1.1), floor, top);
    const y = v => log(Math.log10(Math.max(v, FLOOR)));
    const box = (k, a, b) => b > a ? `M${(x(k) + .5).toFixed(1)} ${y(a).toFixed(1)}V${y(b).toFixed(1)}`
      + `h${(bar - 1).toFixed(1)}V${y(a).toFixed(1)}z` : "";
    const treads = near.slice(0, LEFT).map(k =>
      `${x(k).toFixed(1)} ${y(Q[i + k]).toFixed(1)}H${x(k + 1).toFixed(1)}`);
    set(bars, { d: near.map(k => k < 0 ? box(k, FLOOR, n(k)) : "").join("") || null });
    set(gone, { d: near.map(k => k < 0 ? "" : box(k, FLOOR, n(k))).join("") || null });
    set(pile, { d: box(-1, Math.max(FLOOR, n(-1)), heap) || null });
    set(steps, { d: c.whole ? null : `M${treads.join("L")}` });
    plus.textContent = c.it.beyond[s.cut] ? `+ ${fixed(c.it.beyond[s.cut])}` : "";
    set(plus, { y: Math.max(top + 2, y(heap) + 10) });
    set(named[1], { visibility: c.whole ? "hidden" : null });
  };
  return { svg, update };
}

export default { render: mount({ say, build,
  hint: "Drag the blue line anywhere in the figure, or focus its handle and press ←\u00a0→. "
    + "KL and squared error pick among the 64 thresholds that were measured." }) };
