/* P and Q by hand.  The other half is p_and_q.py.  Chapter: calibration */

// ---- counts: twins of qlib.calibrate.kl, and the two mistakes ---------------

const LEVELS = 4, BINS = 16, ALL = Array.from({ length: BINS + 1 }, (_, k) => k);
const CUTS = ALL.slice(LEVELS);
const total = list => list.reduce((a, b) => a + b, 0);
const top = list => list.indexOf(Math.max(...list));

/** The first i bins kept: P, the levels, Q, and the terms of the sum. */
function hand(counts, i, mistake) {
  const beyond = total(counts.slice(i)), kept = counts.slice(0, i);
  const P = kept.map((c, k) => k === i - 1 ? c + beyond : c);
  const given = mistake === "clipped" ? P : kept, Q = [], filled = [];
  const levels = Array.from({ length: LEVELS }, (_, j) => {
    const from = Math.ceil(i * j / LEVELS), to = Math.ceil(i * (j + 1) / LEVELS);
    const bins = given.slice(from, to), sum = total(bins);
    const among = mistake === "empty" ? bins.length : bins.filter(c => c).length;
    const each = among && sum / among;
    bins.forEach((c, k) => {
      Q.push(c || mistake === "empty" ? each : 0);
      if (!c && Q.at(-1)) filled.push(from + k);
    });
    return { from, to, sum, each };
  });
  const p = total(P), q = total(Q), n = total(kept);
  const terms = P.map((c, k) => c ? c / p * Math.log(c / p / (Q[k] / q)) : 0), kl = Math.max(0, total(terms));
  return { i, mistake, counts, beyond, kept: n, P, Q, filled, levels, p, q, terms, kl };
}
const curve = (counts, mistake) => CUTS.map(i => hand(counts, i, mistake).kl);
/** The first minimum; the full range is no candidate. */
const pick = kls => CUTS[kls.indexOf(Math.min(...kls.slice(0, -1)))];

// ---- words: p_and_q.py computes the same ones with qlib ----------------------

const nats = kl => kl === Infinity ? "infinite" : kl ? fixed(kl, 4) : "0";
const values = n => `${n} value${n === 1 ? "" : "s"}`;
const fewer = x => fixed(x, [0, 1].find(d =>
  Math.abs(x * 10 ** d - Math.round(x * 10 ** d)) < 1e-9) ?? 2);

function why(h) {
  const last = h.i - 1, first = h.mistake === "none" ? last : h.levels.at(-1).from;
  return `${first === last ? `bin ${last} is` : `bins ${first} to ${last} are`} empty, and `
    + `${values(h.beyond)} ${h.beyond === 1 ? "is" : "are"} clipped`;
}

function largest(h) {
  const k = top(h.terms), there = "the last bin kept has P > 0 and Q = 0";
  if (h.kl === Infinity) return `KL is infinite, for ${there}: ${why(h)}.`;
  if (!h.terms[k]) return "P and Q are the same, and every term is 0.";
  return `Bin ${k} adds most, ${fixed(h.terms[k], 4)}: P has ${fewer(h.P[k])} of ${fewer(h.p)}, `
    + `Q has ${fewer(h.Q[k])} of ${fewer(h.q)}.`;
}

function built(h, step) {
  const n = h.beyond, too = h.mistake === "clipped", held = values(h.kept + too * n);
  const out = `${values(n)} of ${n + h.kept} lie${n === 1 ? "s" : ""}`, last = `bin ${h.i - 1}`;
  const rest = !n ? "" : too ? `, the ${n} clipped among them` : `, without the ${n} clipped`;
  return [n ? `${h.i} of ${BINS} bins are kept; ${out} beyond the cut.`
    : `All ${BINS} bins are kept, nothing lies beyond the cut.`,
  n ? `P loses nothing: what lies beyond the cut goes to ${last}, which now counts `
    + `${fewer(h.P.at(-1))}.` : "P is the histogram: nothing lies beyond the cut.",
  `Bin k goes to level floor(${LEVELS} k / ${h.i}). The ${LEVELS} sums hold ${held}${rest}.`,
  largest(h)][step - 1];
}

function mistaken(h, right) {
  const m = pick(curve(h.counts, h.mistake)) + .5, best = pick(right) + .5, n = h.filled.length;
  const was = right[h.i - LEVELS];
  const kl = `KL is ${nats(h.kl)}${was === h.kl ? ", as without it" : `, not ${nats(was)}`}`;
  const here = h.mistake === "clipped"
    ? h.beyond ? `Q has the clipped values too, and clipping is cheap: ${kl}`
      : "Nothing is clipped, and the mistake does not show"
    : n ? `${n} empty bin${n === 1 ? " gets" : "s get"} a share: ${kl}`
      : "No empty bin gets a share here";
  return `${here}. The rule ${m === best ? `still picks ${m}` : `now picks ${m}, not ${best}`}.`;
}

function verdict(h, step, right) {
  const m = pick(right), best = right[m - LEVELS], T = `T${GLUE}=${GLUE}${m + .5}`;
  if (step < 4) return h.kl === Infinity ? `KL is infinite: ${why(h)}.` : "";
  if (h.i === m) return `No other candidate has less: KL picks ${T}.`;
  if (h.i < BINS) return `KL picks ${T}, where it is ${nats(best)}.`;
  return `The full range is no candidate; its KL is ${h.kl < best ? "less" : "more"} than the `
    + `${nats(best)} of the pick, ${T}.`;
}

/** All strings. */
function say(s, get) {
  const counts = get("sets")[s.data], h = hand(counts, s.cut, s.mistake);
  const right = curve(counts, "none"), T = fixed(s.cut + .5, 1), kl = nats(h.kl);
  const share = percent(h.beyond / total(counts));
  const end = s.mistake === "none" ? verdict(h, s.step, right) : mistaken(h, right);
  return { kl, threshold: T, clipped: `${h.beyond} (${share})`,
    notice: `${built(h, s.step)} ${end}`.trim(),
    "valuetext:cut": `${s.cut} of ${BINS} bins kept, T = ${T}, ${share.slice(0, -2)} percent `
      + `clipped, KL ${kl}${h.kl === Infinity ? `: ${why(h)}` : " nats"}` };
}

// ---- the picture -----------------------------------------------------------

const CODE = "var(--q-code)", REAL = "var(--q-real)", ERR = "var(--q-err)";
const INK = "var(--q-ink)", MUTED = "var(--q-muted)", TOUCH = "var(--q-touch)";
const PAPER = "var(--q-paper)", HIGH = 48, TERM = [-.1, .2];
const TOPS = { tail: [.12, .05], gap: [.32, .1], bounded: [.7, .2] };  // of KL, its steps
const DATA = [["tail", "a tail"], ["gap", "a gap"], ["bounded", "no tail"]];
const STEPS = ["counts", "P", "levels", "Q"].map((words, k) => [k + 1, `${k + 1} ${words}`]);
const WRONG = { none: Array(3).fill("none"),                 // long, short, shortest
  clipped: ["clipped counts in Q too", "clipped in Q too", "clipped in Q"],
  empty: ["spread over empty bins too", "empty bins too", "empty bins"] };
const rule = (x0, x1, y) => across(x0, x1, y, { stroke: "var(--q-rule)", "stroke-opacity": .6 });
const italic = (said, cls = "") => el("tspan", { class: `var ${cls}` }, said);
const heading = (x, y, ...parts) => el("text", { x, y, class: "ink b halo" }, parts);
/** Text that ends at a, or begins at b. */
const beside = (node, a, b, flip, y) =>
  set(node, { x: flip ? a : b, y, "text-anchor": flip ? "end" : "start" });
const plain = said => el("tspan", { "font-weight": 400, fill: MUTED }, said);
const box = (xa, xb, ya, yb) => `M${xa.toFixed(1)} ${ya.toFixed(1)}H${xb.toFixed(1)}`
  + `V${yb.toFixed(1)}H${xa.toFixed(1)}z`;
const draw = (path, d, more = {}) => set(path, { d: d || null, ...more });
const ticks = (X, y, at) => el("path", { stroke: INK,
  d: at.map(k => `M${X(k).toFixed(1)} ${y}v4`).join("") });
const disc = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
/** A bar that leaves its panel at y is torn there. */
const rip = () => el("path", { stroke: PAPER, "stroke-width": 3 });
const torn = (xa, xb, y) => `M${xa - 3} ${y + 11}L${xb + 3} ${y + 6}`;
const soft = colour => el("path", { fill: colour, "fill-opacity": .3, stroke: colour,
  "stroke-width": 1.25 });
const hatched = w => el("path", { fill: `url(#${w.uid})`, stroke: ERR, "stroke-width": 1.25 });

function build(w) {
  const range = w.range("cut", { min: CUTS[0], max: BINS, "aria-label": "cut" });
  const mistake = w.seg("mistake", "mistake", Object.entries(WRONG).map(([k, [words]]) => [k, words]));
  w.controls(w.seg("data", "histogram", DATA), w.seg("step", "step", STEPS), mistake);
  const clipped = w.readout("clipped", "clipped"), kl = w.readout("kl", "KL");
  const T = w.readout("threshold", el("var", {}, "T"));
  let X;
  w.stage.classList.add("pq");
  drag(w.stage, [range], () => X);
  return ({ W, wide }) => {
    const x0 = wide ? 46 : 40, x1 = wide ? W - 168 : W - 12, base = wide ? 186 : 168;
    const low = (x1 - x0) / BINS < 17 ? 13 : 0;    // every other count stands lower
    X = lin(0, BINS, x0 + 2, x1);
    Object.values(WRONG).forEach((words, k) => mistake.name(k, words[wide ? 0 : W < 330 ? 2 : 1]));
    const foot = base + low + (wide ? 366 : 350);
    const line = el("path", { stroke: TOUCH, "stroke-width": 1.75 });
    const name = label(0, 28, "", "touch b halo", "middle");
    const dot = el("circle", { r: 5.5, fill: TOUCH, stroke: PAPER, "stroke-width": 1.5 });
    const panels = [pilePanel, termPanel, klPanel].map((panel, k) =>
      panel(w, X, x0, x1, [base, base + low + (wide ? 104 : 98), foot][k], wide, low));
    const svg = el("svg", { width: W, height: foot + 56, role: "img" },
      el("defs", {}, hatch(w.uid)), panels.flatMap(p => p.under), line,
      panels.flatMap(p => p.over), dot, name);
    w.stage.replaceChildren(svg, range);
    range.style.cssText = `left:${X(4) - 11}px;top:${base - 22}px;width:${X(16) - X(4) + 22}px`;
    const side = `left:${x1 + 26}px;top:`, right = `right:${W - x1}px;top:`;
    clipped.place(wide ? `${side}36px` : `${right}-3px`);
    kl.place(wide ? `${side}${base + 118}px` : `${right}${base + low + 83}px`);
    T.place(wide ? `${side}${foot - 78}px` : `${right}${foot - 149}px`);
    T.sub.textContent = "half a bin beyond the cut";
    return (s, said) => {
      const counts = w.get("sets")[s.data], h = hand(counts, s.cut, s.mistake), x = X(s.cut);
      const kls = curve(counts, s.mistake), right = curve(counts, "none");
      draw(line, `M${x} 34V${foot + 24}`);
      set(name, { x: Math.min(x, W - 20) });
      name.replaceChildren(italic("i"), ` = ${s.cut}`);
      for (const panel of panels.slice(0, 2)) panel.update(s, h);
      set(dot, { cx: x, cy: panels[2].update(s, h, kls, right) });
      set(svg, { "aria-label": said.notice });
      clipped.sub.textContent = `of ${total(counts)} values`;
      const bits = `nats; ${fixed(h.kl / Math.LN2, 4)} bits`;
      kl.sub.textContent = h.kl === Infinity ? why(h).split(",")[0] : bits;
    };
  };
}

/** The histogram, P and Q on it, and below it the hand's own rows. */
function pilePanel(w, X, x0, x1, base, wide, low) {
  const foot = base + low, Y = lin(0, HIGH, base, 38), y = n => Math.max(Y(n), 38);
  const gap = wide ? 2 : 1.5, bar = (k, a, b) => box(X(k) + gap, X(k + 1) - gap, y(a), y(b));
  const title = heading(x0, 12), kept = soft(REAL), lost = hatched(w), pile = hatched(w);
  const steps = el("path", { fill: "none", stroke: CODE, "stroke-width": 2 });
  const tear = rip(), plus = label(0, 0, "", "err b halo"), bins = ALL.slice(0, BINS);
  const counts = bins.map(k => label(X(k + .5), base + 28 + k % 2 * low, "", "ink", "middle"));
  const braces = el("path", { fill: "none", stroke: CODE, "stroke-width": 1.25 });
  const rows = [texts(LEVELS, foot + 53, "code"), texts(LEVELS, foot + 70, "code")];
  const names = ["count", "sum", "each"].map((words, k) =>
    label(x0 - 6, [base + 28, foot + 53, foot + 70][k], words, "", "end"));
  const under = [title, ...[20, 40].flatMap(n =>
    [label(x0 - 6, Y(n) + 4, n, "", "end"), rule(x0, x1, Y(n))]), kept, lost, pile, tear, steps,
  across(x0, x1, base), ticks(X, base, CUTS), ...counts, braces, ...names];
  const update = (s, h) => {
    const last = h.i - 1, full = s.step > 1 && h.beyond;
    const bars = some => some.map(k => h.counts[k] ? bar(k, h.counts[k], 0) : "").join("");
    draw(kept, bars(bins.slice(0, h.i)));
    draw(lost, bars(bins.slice(h.i)));
    draw(pile, full && bar(last, h.P[last], h.counts[last]));
    draw(tear, full && h.P[last] > HIGH && torn(X(last), X(h.i), 38));
    draw(steps, s.step === 4 && h.Q.map((q, k) => `${k ? "L" : "M"}${X(k).toFixed(1)} `
      + `${y(q).toFixed(1)}H${X(k + 1).toFixed(1)}`).join(""));
    const flip = h.i > 13, below = Math.max(...h.counts.slice(flip ? last - 1 : h.i).slice(0, 2));
    plus.textContent = full ? `+ ${h.beyond}` : "";
    beside(plus, X(last) - 4, X(h.i) + 6, flip, Math.min(y(h.P[last]) + 10, Y(below) - 5, base - 18));
    counts.forEach((node, k) => {
      node.textContent = h.counts[k];
      set(node, { class: k < h.i ? "ink" : "err" });
    });
    const shown = s.step > 2 ? h.levels : [], mid = v => (X(v.from) + X(v.to)) / 2
      + (v.sum > 99 ? Math.max(0, 12 - X(v.to - v.from) / 2 + X(0) / 2) : 0);
    draw(braces, shown.map(v => `M${X(v.from) + 2} ${foot + 34}v5H${X(v.to) - 2}v-5`).join(""));
    rows[0].fill(shown.map(v => [mid(v), fewer(v.sum)]));
    rows[1].fill(s.step < 4 ? [] : h.levels.map(v => [mid(v), v.sum ? fewer(v.each) : "–"]));
    const wrong = h.levels.map(v => h.mistake === "clipped" ? v.to === h.i && h.beyond > 0
      : h.filled.some(k => k >= v.from && k < v.to));
    rows.forEach((row, j) => row.nodes.forEach((node, k) => {
      const bad = wrong[k] && (j || h.mistake === "clipped");
      set(node, { class: `${bad ? "err" : "code"}${j ? "" : " b"} halo` });
    }));
    title.replaceChildren(...s.step === 1 ? ["Counts"] : [italic("P", "real"), plain(" data"),
      ...s.step < 4 ? [] : ["\u2003", italic("Q", "code"), plain(" levels")]]);
  };
  return { under, over: [plus, ...rows.flatMap(row => row.nodes)], update };
}

/** The terms of the sum, bin by bin. */
function termPanel(w, X, x0, x1, y0, wide) {
  const Y = lin(...TERM, y0 + 94, y0 + 10), y = v => Math.max(Y(v), y0 + 10);
  const gap = wide ? 5 : 3, bar = (k, v) => v ? box(X(k) + gap, X(k + 1) - gap, y(v), Y(0)) : "";
  const solid = soft(ERR), last = hatched(w), said = label(0, 0, "", "err b halo");
  const tear = rip(), later = label((x0 + x1) / 2, Y(0) - 10, "", "halo", "middle");
  const title = heading(x0, y0, italic("P"), " log (", italic("P"), " / ", italic("Q"), ")");
  const under = [...[-.1, .1].flatMap(v => [label(x0 - 6, Y(v) + 4, fixed(v, 1), "", "end"),
    rule(x0, x1, Y(v))]), solid, last, tear, across(x0, x1, Y(0))];
  const update = (s, h) => {
    const drawn = s.step === 4, end = h.beyond ? h.i - 1 : -1, k = top(h.terms), v = h.terms[k];
    draw(solid, drawn && h.terms.map((t, j) => j === end ? "" : bar(j, t)).join(""));
    draw(last, drawn && end >= 0 && bar(end, h.terms[end]));
    draw(tear, drawn && v > TERM[1] && torn(X(k), X(k + 1), y0 + 10));
    later.textContent = drawn ? "" : "needs Q: step 4";
    said.textContent = drawn && v ? v === Infinity ? "∞" : fixed(v, 4) : "";
    beside(said, X(k) - 2, X(k + 1) + 3, X(k + 1) + 46 > x1, Math.min(y(v) + 10, Y(0) - 5));
  };
  return { under, over: [title, said, later], update };
}

/** KL for every cut, and what the rule picks. */
function klPanel(w, X, x0, x1, floor, wide) {
  const plot = floor - 80, band = floor - 122, axis = floor + 24;
  const [ghost, joined, stem] = [{ stroke: MUTED, "stroke-dasharray": "3 3" },
    { "stroke-opacity": .5 }, { "stroke-width": 1.25 }].map(look =>
    el("path", { fill: "none", ...look }));
  const was = el("path", { fill: PAPER, stroke: MUTED }), dots = el("path");
  const full = el("path", { fill: PAPER, "stroke-width": 1.5 });
  const strip = el("path", { fill: ERR, "fill-opacity": .12 });
  const leader = el("path", { stroke: MUTED, "stroke-dasharray": "1 3" });
  const none = texts(CUTS.length, band + 13), words = label(0, 0, "");
  const grid = Array.from({ length: 4 }, () => [label(x0 - 6, 0, "", "", "end"), rule(x0, x1, 0)]);
  const under = [...grid.flat(), across(x0, x1, floor, { stroke: "var(--q-rule)" }), strip,
    ...none.nodes, ghost, was, joined, leader, full, stem, dots,
    label(x0 - 6, band + 13, "∞", "", "end"), across(x0, x1, axis), ticks(X, axis, ALL),
    ...ALL.map(k => label(X(k), axis + 18, k % (wide ? 2 : 4) ? "" : k, "", "middle")),
    el("text", { x: x0 - 10, y: axis + 18, "text-anchor": "end" }, "|", italic("r"), "|")];
  const over = [heading(x0, band - 12, "KL for every cut ", italic("i")), words,
    label(x1, plot - 9, `${wide ? "the full range" : "i = 16"} is no candidate`, "halo", "end")];
  const update = (s, h, kls, right) => {
    const [high, by] = TOPS[s.data], Y = lin(0, high, floor, plot), bad = s.mistake !== "none";
    const at = list => list.map((v, k) => [X(CUTS[k]), v === Infinity ? band + 8 : Y(v), v < Infinity]);
    const linked = points => points.map(([x, y, ok], k) => !ok ? "" : `${points[k - 1]?.[2]
      ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    grid.forEach(([text, line], k) => {
      const y = Y(k * by), shown = k * by <= high;
      set(text, { y: y + 4 });
      text.textContent = shown ? k ? fixed(k * by, by < .1 ? 2 : 1) : "0" : "";
      set(line, { y1: y, y2: y, visibility: shown ? null : "hidden" });
    });
    const now = at(kls), truth = at(right), colour = bad ? ERR : INK, half = X(.5) - X(0);
    const m = pick(kls), tip = X(m + .5), [x, y] = now[m - LEVELS];
    const marks = (points, r, picked) => points.map(([a, b, ok]) => ok ? disc(a, b, r) : "").join("")
      + `M${picked - 4.5} ${floor + 12}l4.5-9 4.5 9z`;
    draw(ghost, bad && linked(truth));
    draw(was, bad && marks(truth, 2, X(pick(right) + .5)));
    draw(joined, linked(now), { stroke: colour });
    draw(stem, `M${x} ${y}V${floor + 3}H${tip}`, { stroke: colour });
    draw(dots, marks(now.slice(0, -1), 3, tip), { fill: colour });
    draw(full, disc(...now.at(-1).slice(0, 2), 3.5), { stroke: colour });
    draw(leader, `M${X(BINS)} ${plot - 4}V${now.at(-1)[1] - 5}`);
    draw(strip, now.map(([a, , ok]) => ok ? "" : box(a - half, a + half, band, band + 17)).join(""));
    none.fill(kls.map((v, k) => [X(CUTS[k]), Math.max(v, right[k]) === Infinity ? "∞" : ""]));
    none.nodes.forEach((node, k) => set(node, { class: kls[k] === Infinity && "err" }));
    words.textContent = `KL ${bad && wide ? "with the mistake " : ""}picks ${m + .5}`;
    set(words, { class: `${bad ? "err" : "ink"} halo` });
    beside(words, tip - 9, tip + 9, tip + (wide ? 190 : 90) > x1, floor + 14);
    return now[h.i - LEVELS][1];
  };
  return { under, over, update };
}

export default { render: mount({ say, build,
  hint: "Drag the blue line, or focus its handle and press ←\u00a0→. "
    + "Bin k holds k ≤ |r| < k + 1." }) };
