/* One rounding or two?  The other half is requant_bits.py.
 * Chapter: requantization */

// ---- integers: twins of qlib.requant, its equations (2), (3) and (5) -----

/** The upper half of 2 x M0, ties up; M0 >= 0, so nothing saturates. */
const highMul = (x, M0) => (x * M0 + (1n << 30n)) >> 31n;
/** x / 2^n to the nearest, ties away from zero. */
const shiftRight = (x, n) => {
  const half = (1n << n) >> 1n;
  return x < 0n ? -((half - x) >> n) : (x + half) >> n;
};
/** x M0 / 2^(31 + n) to the nearest, ties up. */
const oneRounding = (x, M0, n) => (x * M0 + (1n << (30n + n))) >> (31n + n);

/** One accumulator through both pipelines. */
function pipelines(acc, { m0, shift }) {
  const x = BigInt(acc), M0 = BigInt(m0), n = BigInt(shift);
  const product = x * M0, high = highMul(x, M0);
  const exact = Number(product) / 2 ** (31 + shift);     // below 2^53: exact
  const mid = Number(high) / 2 ** shift, tie = Math.abs(2 * mid) % 2 === 1;
  const moved = Math.abs(mid - exact);
  let zoom = shift > 3 ? 1.5 / 2 ** shift : .22;   // half of what is magnified
  while (shift > 3 && tie && moved && moved < zoom / 8) zoom /= 2;
  return { x, M0, n: shift, product, exact, high: Number(high), mid, tie, moved, zoom,
    two: Number(shiftRight(high, n)), one: Number(oneRounding(x, M0, n)),
    floor: Math.floor(exact) };
}

/** Five decimals; twelve where five would hide which side of a tie it is. */
function real(v) {
  const off = Math.abs(2 * v - Math.round(2 * v));
  if (off === 0) return fixed(v, Number.isInteger(v) ? 0 : 1);
  return fixed(v, off < 2e-5 ? 12 : 5);
}

// ---- words: requant_bits.py computes the same ones with qlib -------------

function why(p) {
  const exact = real(p.exact);
  if (Number.isInteger(p.exact)) return `${exact} is an integer: nothing is rounded.`;
  if (p.tie && !p.moved) {
    return p.two === p.one ? `${exact} is a tie, and both pipelines round it up.`
      : `${exact} is a tie: two roundings end away from zero, one rounding goes up.`;
  }
  if (!p.tie) return "Both pipelines give the nearest integer.";
  return `The first rounding moved ${exact} onto the tie ${fixed(p.mid, 1)}; `
    + (p.two === p.one ? "away from zero was the right way."
      : "the second cannot know from which side.");
}

function here(p) {
  if (Number.isInteger(p.exact)) return `Here both give ${fixed(p.one)}, exactly.`;
  if (p.tie && !p.moved) return "Here both neighbours are equally near.";
  return p.two === p.one ? `Here both give the nearest integer, ${fixed(p.one)}.`
    : `Here one rounding gives the nearest integer, ${fixed(p.one)}.`;
}

/** All strings. */
function say(s, get) {
  const c = get("choices").find(each => each.multiplier === s.multiplier);
  const p = pipelines(s.acc, c), plain = fixed(s.acc).replaceAll(THIN, "");
  const count = c.marks.byteLength / 4, all = 2 * c.limit + 1;
  const two = fixed(p.two), one = fixed(p.one);
  return { exact: real(p.exact), two, one, verdict: why(p),
    notice: `The two differ at ${fixed(count)} of ${fixed(all)} values, about 1 in `
      + `${fixed(all / count)}, and never by more than 1. ${here(p)}`,
    "valuetext:acc": `${plain}: two roundings give ${two}, one gives ${one}` };
}

// ---- moves -----------------------------------------------------------------

const ints = view => new Int32Array(       // the view may be unaligned
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
/** The next mark to the right of x (way 1) or to the left (way -1). */
const jump = (marks, x, way) => way > 0 ? marks.find(m => m > x)
  : [...marks].reverse().find(m => m < x);
const nearest = (marks, x) =>
  marks.reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a);

// ---- the picture -----------------------------------------------------------

const CODE = "var(--q-code)", REAL = "var(--q-real)", ERR = "var(--q-err)";
const power = n => String(n).replace(/\d/g, c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);
const italic = said => el("tspan", { class: "var" }, said);

function build(w) {
  const choices = w.get("choices").map(c => ({ ...c, marks: ints(c.marks) }));
  const at = multiplier => choices.find(c => c.multiplier === multiplier);
  const range = w.range("acc", { min: -1, max: 1, "aria-label": "accumulator" });
  const M = el("span"), limits = () => at(w.state().multiplier).limit;
  const mul = w.seg("multiplier", ["multiplier ", el("var", {}, "M"), " = ", M],
    choices.map(c => [c.multiplier, c.name]),
    m => ({ acc: nearest(at(m).marks, w.state().acc) }));
  const number = el("input", { type: "number", step: 1, class: "rq-number",
    "data-trait": "acc" });
  number.addEventListener("input", () => {
    const acc = Math.round(number.valueAsNumber);          // NaN if it is none
    if (Math.abs(acc) <= limits()) w.put({ acc });
  });
  number.addEventListener("change", () => {
    const acc = clamp(Math.round(number.valueAsNumber), -limits(), limits());
    if (!isNaN(acc)) w.put({ acc });
    number.value = w.state().acc;
  });
  const to = (s, way) => jump(at(s.multiplier).marks, s.acc, way) ?? s.acc;
  const buttons = [["‹ previous", -1], ["next ›", 1]].map(([words, way]) => {
    const box = el("button", { class: "q-btn", type: "button" }, words);
    box.addEventListener("click", () => {
      w.put({ acc: to(w.state(), way) });
      range.dispatchEvent(new Event("change", { bubbles: true }));  // spoken
    });
    return { box, show: s => set(box, { "aria-disabled": to(s, way) === s.acc && "true" }) };
  });
  const titled = (title, part) => [el("span", { class: "q-label" }, title), part];
  w.controls(mul, el("label", {}, titled("accumulator", number)),
    el("div", { role: "group", "aria-label": "disagreement" }, titled("disagreement",
      el("div", { class: "rq-jump" }, buttons.map(b => b.box)))));

  const slide = el("div", { class: "q-stage rq-slide" }), bits = el("div");
  const left = column("Two roundings", "gemmlowp; TFLite's reference kernels",
    w.readout("two").value, w.readout("exact").value);
  const right = column("One rounding", "TFLITE_SINGLE_ROUNDING",
    w.readout("one").value, el("span"));
  const sign = el("b"), verdict = el("div", { class: "rq-verdict" }, sign,
    w.readout("verdict").value);
  w.stage.className = "rq";                    // the pointer moves the slide only
  w.stage.append(slide, bits,
    el("div", { class: "rq-cols" }, left.box, right.box), verdict);
  let X;
  drag(slide, [range], () => X);
  return ({ W, wide }) => {
    const code = barcode(W, wide), rows = bitRows(W, wide);
    slide.replaceChildren(code.svg, range);
    range.style.cssText = `left:1px;width:${W - 2}px;top:4px`;
    bits.replaceChildren(rows.svg);
    const lines = [left, right].map(c => c.draw(wide ? (W - 28) / 2 : W));
    return (s, said) => {
      const c = at(s.multiplier), p = pipelines(s.acc, c);
      X = lin(-c.limit, c.limit, 12, W - 12);
      for (const input of [range, number]) set(input, { min: -c.limit, max: c.limit });
      range.value = s.acc;
      if (+number.value !== s.acc) number.value = s.acc;
      M.textContent = s.multiplier;
      for (const b of buttons) b.show(s);
      code.update(c, X);
      rows.update(p);
      right.exact.textContent = said.exact;
      lines[0](p, [p.exact, p.mid, p.two], true);
      lines[1](p, [p.exact, p.one], false);
      left.value.classList.toggle("bad", Math.abs(p.two - p.exact) > .5);
      left.steps(["1", `keep the high 32 bits: ${kept(p)}`], ["2", `shift by ${p.n}: `
        + (p.tie ? `a tie${p.moved ? " now" : ""}, so away from zero` : "nearest")]);
      right.steps(["", "keep all 64 bits"], ["1", `shift by ${31 + p.n}: `
        + (Math.abs(2 * p.exact) % 2 === 1 ? "a tie, so up" : "nearest")]);
      verdict.classList.toggle("bad", p.two !== p.one);
      sign.textContent = p.two === p.one ? `${said.two} = ${said.one} ✓`
        : `${said.two} ≠ ${said.one}`;
    };
  };
}

/** 5 888 = 11.5 · 2⁹ */
function kept({ high, mid, n }) {
  const places = Number.isInteger(mid) ? 0 : Number.isInteger(2 * mid) ? 1 : 3;
  return `${fixed(high)} ${places < 3 ? "=" : "≈"} ${fixed(mid, places)} · 2${power(n)}`;
}

/** The slider's line, and below it a mark for each disagreement. */
function barcode(W, wide) {
  const y = 26, marks = el("path", { stroke: ERR, "stroke-width": wide ? 1.5 : 1 });
  const low = label(12, 52, ""), high = label(W - 12, 52, "", "", "end");
  const count = label(wide ? W * .75 : W - 60, 52, "", "err", wide ? "middle" : "end");
  const svg = el("svg", { width: W, height: 58, "aria-hidden": "true" },
    across(12, W - 12, y), marks, low, label(W / 2, 52, "0", "", "middle"), high, count);
  let shown = null;
  const update = (c, X) => {
    if (c === shown) return;
    shown = c;
    set(marks, { d: [...c.marks].map(m => `M${X(m).toFixed(1)} ${y + 1}v10`).join("") });
    low.textContent = fixed(-c.limit);
    high.textContent = fixed(c.limit);
    count.textContent = `${c.marks.length} ${wide ? "disagreements in" : "of"} `
      + fixed(2 * c.limit + 1);
  };
  return { svg, update };
}

/** The bits of x, M0 and their product, and the two cuts through it.
 *
 * On a phone the product is folded between bits 31 and 30; bit 63, which
 * repeats the sign, is left out. */
function bitRows(W, wide) {
  const gap = 8, per = wide ? 64 : 32;
  const pitch = (W - (per / 8 - 1) * gap + 1.8) / per, cell = pitch - 1.8;
  const svg = el("svg", { width: W, role: "img" });
  const bx = k => k * pitch + Math.floor(k / 8) * gap;       // k-th from the left
  const head = (x, y, ...name) => {
    const parts = [el("tspan", { class: "ink b" }, ...name),
      el("tspan", { class: "mono code", dx: 10 }), el("tspan", { dx: 10 })];
    svg.append(el("text", { x, y }, parts));
    return (value, note = "") => {
      parts[1].textContent = fixed(Number(value));
      parts[2].textContent = note;
    };
  };
  const row = (n, place, first = 0) => {       // one path each: zeros, ones, and
    const paths = [CODE, REAL].flatMap(stroke => // the same of the fraction
      [el("path", { stroke, fill: "none", "stroke-opacity": .7 }),
        el("path", { stroke, fill: stroke })]);
    svg.append(...paths);
    const turn = "a1.5 1.5 0 0 1 ", w = cell - 3;
    const boxes = Array.from({ length: n }, (_, k) => `M${place(k).join(" ")}m1.5 0h${w}`
      + `${turn}1.5 1.5v${cell}${turn}-1.5 1.5h${-w}${turn}-1.5-1.5v${-cell}${turn}1.5-1.5`);
    return (v, cut = 0) => {                   // the lowest bits are a fraction
      const said = BigInt.asUintN(n, v).toString(2).padStart(n, "0");
      const d = ["", "", "", ""];
      for (let k = first; k < n; k++) d[2 * (n - k <= cut) + +said[k]] += boxes[k];
      paths.forEach((each, i) => set(each, { d: d[i] || null }));
    };
  };
  const hx = wide ? bx(32) : 0, y1 = 14, y2 = wide ? y1 : y1 + cell + 35;
  const acc = head(0, y1, wide ? "accumulator, 32 bits" : "accumulator");
  const a = row(32, k => [bx(k), y1 + 9]), factor = el("tspan");
  const m0 = head(hx, y2, "× ", italic("M"), "₀", ...wide ? [" ≈ ", italic("M"), factor] : []);
  const b = row(32, k => [hx + bx(k), y2 + 9]);
  const y3 = y2 + cell + 41, y = y3 + 9, fold = cell + 44;
  const product = head(0, y3, wide ? "= product, 64 bits" : "= product");
  const place = k => wide ? [bx(k), y] : k < 33 ? [bx(Math.max(k, 1) - 1), y]
    : [bx(k - 32), y + fold];
  const c = row(64, place, wide ? 0 : 1);
  const cuts = ["code b", "", ""].map(cls => {
    const line = el("path", { fill: "none", stroke: "var(--q-muted)" });
    const said = label(0, 0, "", cls, "middle");
    svg.append(line, said);
    return (from, to, words, anchor = "middle") => {
      const [xa, top] = place(from), xb = place(to)[0] + cell, yb = top + cell + 7;
      set(line, { d: from > to ? null : `M${xa} ${yb}v5H${xb}v-5` });
      const x = { start: xa, middle: (xa + xb) / 2, end: xb }[anchor];
      set(said, { x, y: yb + 19, "text-anchor": anchor });
      said.textContent = words;
    };
  });
  set(svg, { height: y + (wide ? 0 : fold) + cell + 42 });
  const update = p => {
    acc(p.x, p.x < 0n ? "two's complement" : "");
    m0(p.M0);
    factor.textContent = ` · 2${power(31 + p.n)}`;
    product(p.product);
    a(p.x);
    b(p.M0);
    c(p.product, 31 + p.n);
    const down = p.floor < 0 && p.floor < p.exact ? ", rounded down" : "";
    cuts[0](wide ? 0 : 1, 32 - p.n, `whole part ${fixed(p.floor)}${down}`,
      wide ? "middle" : "start");
    cuts[1](33 - p.n, 32, p.n ? `${p.n} bit${p.n > 1 ? "s" : ""}: the shift` : "",
      wide && p.n > 8 ? "middle" : "end");
    cuts[2](33, 63, "31 bits: the doubling high multiply");
    set(svg, { "aria-label": `${fixed(Number(p.x))} times ${fixed(Number(p.M0))} is `
      + `${fixed(Number(p.product))}; the whole part is ${fixed(p.floor)}.` });
  };
  return { svg, update };
}

/** A pipeline: its name and result, its number line, and its steps. */
function column(name, who, value, exact) {
  const lines = [0, 1].map(() => [el("b"), el("span")]);
  const place = el("div", { class: "rq-exact" }, "exact ", exact);
  const stage = el("div", { class: "rq-line" });
  const box = el("div", {}, el("div", { class: "rq-name" },
    el("div", {}, el("b", {}, name), el("span", {}, who)), value), stage,
  lines.map(parts => el("div", { class: "rq-step" }, parts)));
  const steps = (...all) => all.forEach((words, i) => words.forEach((said, j) => {
    lines[i][j].textContent = said;
  }));
  const draw = width => {
    const line = hopLine(width, name.toLowerCase());
    stage.replaceChildren(line.svg, place);
    return (p, stops, grid) => {
      const x = line.update(p, stops, grid);
      const wide = 6.7 * place.textContent.length;         // never measured: a drag
      place.style.left = `${clamp(x - wide / 2, 0, width - wide)}px`;
    };
  };
  return { box, value, exact, steps, draw };
}

/** From one integer to the next, the middle magnified: where the hops go. */
function hopLine(W, name) {
  const a = 16, b = W - 16, y = 84, muted = "var(--q-muted)";
  const cut = [a, a + .28 * (b - a), a + .72 * (b - a), b], mid = (a + b) / 2;
  const sheet = el("rect", { x: cut[1], width: cut[2] - cut[1], y: y - 6, height: 34,
    fill: "var(--q-sheet)" });
  const zoom = label(mid, y + 42, "", "", "middle");
  const steps = el("path", { stroke: CODE, "stroke-width": 1.25 });
  const half = label(mid, y + 22, "", "", "middle");
  const ends = [a, b].map(x => label(x, y + 30, "", "mono b code", "middle"));
  const leader = el("line", { y1: 22, y2: y - 6, stroke: REAL, "stroke-dasharray": "1 3" });
  const dot = el("circle", { cy: y, r: 5.5, fill: "var(--q-paper)", stroke: REAL,
    "stroke-width": 2.5 });
  const hops = [0, 1].map(() => [
    el("path", { fill: "none", stroke: ERR, "stroke-width": 2 }),
    el("path", { fill: ERR }), label(0, 0, "", "halo ink b", "middle")]);
  const svg = el("svg", { width: W, height: 136, role: "img" }, sheet, zoom,
    across(a, b, y), el("path", { d: `M${a} ${y}v14M${b} ${y}v14`, stroke: CODE,
      "stroke-width": 2 }), el("path", { d: `M${mid} ${y}v8`, stroke: muted }),
    steps, ...ends, half, leader, hops.flat(), dot);
  const hop = ([arc, tip, said], from, to, words) => {
    const d = Math.abs(to - from), up = clamp(d / 2, 16, 38), seen = d >= 1.5;
    set(arc, { d: seen ? `M${from} ${y - 7}C${from} ${y - 7 - up} ${to} ${y - 7 - up} `
      + `${to} ${y - 8}` : null });
    set(tip, { d: seen ? `M${to - 4.5} ${y - 13}h9l-4.5 8z` : null });
    set(said, { x: (from + to) / 2, y: y - 12 - up * .78 });
    said.textContent = seen ? words : "";
  };
  const update = (p, stops, grid) => {
    const fine = p.n > 3, at = [0, .5 - p.zoom, .5 + p.zoom, 1];
    const X = v => {
      const t = v - p.floor, k = t < at[1] ? 0 : t <= at[2] ? 1 : 2;
      return lin(at[k], at[k + 1], cut[k], cut[k + 1])(t);
    };
    set(sheet, { visibility: fine ? null : "hidden" });
    zoom.textContent = fine ? `magnified ${fixed(.22 / p.zoom)} times` : "";
    const near = [-1, 0, 1].map(k => X(p.floor + .5 + k / 2 ** p.n));
    set(steps, { d: grid && p.n ? near.map(x => `M${x} ${y}v8`).join("") : null });
    half.textContent = fixed(p.floor + .5, 1);
    ends.forEach((end, k) => { end.textContent = fixed(p.floor + k); });
    const xs = stops.map(X), x = xs[0];
    set(leader, { x1: x, x2: x });
    set(dot, { cx: x });
    const tiny = xs.length === 3 && Math.abs(xs[1] - xs[0]) < 1.5;   // one arc for both
    hop(hops[0], x, tiny ? x : xs[1], "1");
    hop(hops[1], tiny ? x : xs[1], xs.at(-1), tiny && p.moved ? "1, 2" : "2");
    set(svg, { "aria-label": `${name}: ${stops.map(v => real(v)).join(", then ")}` });
    return x;
  };
  return { svg, update };
}

export default { render: mount({ say, build,
  hint: "Move the accumulator. At each mark the two pipelines disagree. "
    + "The highest bit stands on the left." }) };
