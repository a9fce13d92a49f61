/* One pixel's journey.  The other half is pixel_journey.py.
 * Chapter: int8-convolution */

// ---- integers: twins of qlib.int8.conv and qlib.requant -------------------

/** The upper half of 2 x M0, ties up; M0 >= 0, so nothing saturates. */
const highMul = (x, M0) => Number((BigInt(x) * BigInt(M0) + (1n << 30n)) >> 31n);
/** x / 2^n to the nearest, ties away from zero. */
const shiftRight = (x, n) => halfAway(x / 2 ** n);       // exact: |x| < 2^31

/** One output pixel: nine taps, and the value after each of the steps.
 *
 * values[0] is 0; 1 to 9 add a product each; then bias, M0, shift, Z, clamp. */
function journey(pixel, zeros, { side, codes, Z, w, bias, m0, shift, Zout, low, high }) {
  const taps = w.map((weight, k) => {
    const row = Math.floor(pixel / side) + Math.floor(k / 3) - 1;
    const column = pixel % side + k % 3 - 1;
    const inside = Math.min(row, column) >= 0 && Math.max(row, column) < side;
    const q = inside ? codes[row * side + column] : zeros ? 0 : Z;
    return { row, column, inside, q, weight, product: (q - Z) * weight };
  });
  const values = [0];
  for (const { product } of taps) values.push(values.at(-1) + product);
  values.push(values.at(-1) + bias);
  values.push(highMul(values.at(-1), m0));
  values.push(shiftRight(values.at(-1), shift));
  values.push(values.at(-1) + Zout);
  values.push(clamp(values.at(-1), low, high));
  return { taps, values, code: values.at(-1) };
}

/** All pixels, padded with Z and with 0; computed once per layer. */
let traced = {};
function trace(layer) {
  if (traced.layer === layer) return traced;
  const [right, zeros] = [false, true].map(z =>
    layer.codes.map((_, pixel) => journey(pixel, z, layer)));
  const wrong = right.map((one, k) => zeros[k].code - one.code);
  return traced = { layer, right, zeros, wrong, count: wrong.filter(d => d).length };
}

// ---- words: pixel_journey.py computes the same ones with qlib -------------

const STEPS = 14, BIAS = 10, HIGH = 11, SHIFT = 12, ZERO = 13;
const signed = x => x < 0 ? `(${fixed(x)})` : fixed(x);
const SUPER = n => String(n).replace(/./g, c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);

/** What a step computes, and a remark on it. */
function spoken(step, { taps, values }, zeros, L) {
  const before = fixed(values[step - 1] ?? 0), after = fixed(values[step]);
  if (step === 0) return ["acc = 0", "an int32 accumulator, empty"];
  if (step < BIAS) {
    const { q, weight, inside, row, column } = taps[step - 1];
    return [`(${fixed(q)} ${MINUS} ${signed(L.Z)}) · ${signed(weight)} = `
      + fixed(taps[step - 1].product), inside ? `input row ${row}, column ${column}`
      : zeros ? "padding: code 0 instead of Z" : "padding: the code is Z"];
  }
  if (step === BIAS) return [`${before} + ${signed(L.bias)} = ${after}`,
    "the bias, an int32 at scale S₁ S₂"];
  if (step === HIGH) return [`${before} · M₀ / 2³¹ → ${after}`,
    `M₀ = ${fixed(L.m0)}, ties up`];
  if (step === SHIFT) return [`${before} / 2${SUPER(L.shift)} → ${after}`,
    `shift by n = ${L.shift}, ties away from zero`];
  if (step === ZERO) return [`${before} + ${signed(L.Zout)} = ${after}`,
    "the zero point of the output"];
  const v = values[ZERO];
  return [`clamp(${before}) = ${after}`, v < L.low ? "below the range: the fused ReLU"
    : v > L.high ? "above the range: saturated" : "in the range: nothing is cut"];
}

function notice({ pixel, zeros }, { right, zeros: bad, wrong, count }, L) {
  const n = right[pixel].taps.filter(tap => !tap.inside).length;
  const all = `${count} of the ${4 * (L.side - 1)} border pixels are wrong.`;
  if (!n) {
    return zeros ? `All nine taps of this pixel lie on the image: it stays right. ${all}`
      : "All nine taps of this pixel lie on the image. Choose one at the border.";
  }
  if (!zeros) {
    return `${n} taps read padding. Its code is Z = ${fixed(L.Z)}, so q ${MINUS} Z `
      + "is 0 and they add nothing, whatever the weights are.";
  }
  const moved = fixed(bad[pixel].values[9] - right[pixel].values[9]);
  const now = fixed(bad[pixel].code), was = fixed(right[pixel].code);
  const end = wrong[pixel] ? `the code is ${now}, not ${was}` : "the clamp hides it";
  return `${n} taps read ${fixed(-L.Z)} instead of 0 and move the sum by ${moved}: `
    + `${end}. ${all}`;
}

/** All strings. */
function say(s, get) {
  const L = get("layer"), t = trace(L), one = (s.zeros ? t.zeros : t.right)[s.pixel];
  const value = fixed(one.values[s.step]), n = one.taps.filter(tap => !tap.inside).length;
  const [formula, remark] = spoken(s.step, one, s.zeros, L);
  const name = s.step <= BIAS ? "accumulator" : s.step < STEPS ? "scaled" : "output code";
  return { accumulator: value, code: s.step < STEPS ? "–" : value, formula, remark,
    wrong: `${s.zeros ? t.count : 0} of ${L.codes.length}`, notice: notice(s, t, L),
    "valuetext:step": `step ${s.step} of ${STEPS}, ${name} ${value}`,
    "valuetext:pixel": `output row ${Math.floor(s.pixel / L.side)}, `
      + `column ${s.pixel % L.side}, ${n} of 9 taps on padding` };
}

// ---- the picture -----------------------------------------------------------

const CODE = "var(--q-code)", ERR = "var(--q-err)", TOUCH = "var(--q-touch)";
const EDGE = "var(--q-edge)", MUTED = "var(--q-muted)", INK = "var(--q-ink)";
const box = (x, y, width, height, more = {}) =>
  el("rect", { x, y, width, height, rx: 2, fill: "none", ...more });
const shown = on => (on ? null : "hidden");

function build(w) {
  const L = w.get("layer"), t = trace(L), last = L.codes.length - 1;
  const step = w.range("step", { min: 0, max: STEPS, "aria-label": "step" });
  const pixel = w.range("pixel", { min: 0, max: last, class: "pj-pixel",
    "aria-label": "output pixel, row by row" });
  pixel.addEventListener("keydown", event => {             // a row up or down
    const rows = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!rows) return;
    event.preventDefault();
    const to = w.state().pixel + rows * L.side;
    if (to >= 0 && to <= last) w.put({ pixel: to });
  });
  const buttons = [["‹ back", -1], ["step ›", 1]].map(([words, way]) => {
    const made = el("button", { class: "q-btn", type: "button" }, words);
    made.addEventListener("click", () => {
      step.value = w.state().step + way;                   // the input clamps
      step.dispatchEvent(new Event("input"));
      step.dispatchEvent(new Event("change", { bubbles: true }));   // spoken
    });
    return made;
  });
  w.controls(el("div", {}, el("span", { class: "q-label" }, "step"),
    el("div", { class: "pj-steps" }, buttons)),
  w.toggle("zeros", "padding", ["with 0 instead of ", el("var", {}, "Z")]));

  const maps = el("div", { class: "q-stage pj-maps" }), lanes = el("div");
  const fall = el("div", { class: "q-stage" }), count = el("b");
  const formula = w.readout("formula").value, remark = w.readout("remark").value;
  formula.className = "pj-formula";
  remark.className = "pj-remark";
  const desk = words => el("span", { class: "q-desk-only" }, words);
  const acc = w.readout("accumulator", "accumulator");
  const code = w.readout("code", desk("output "), "code");
  const wrong = w.readout("wrong", "wrong", desk(" pixels"));
  w.stage.className = "pj";                    // the pointer moves maps and fall
  w.stage.append(maps, el("div", { class: "pj-said" }, count, formula, remark), lanes, fall);
  let at, X;
  drag(maps, [pixel], () => X, (...place) => at(...place));
  drag(fall, [step], () => X);
  return ({ W, wide }) => {
    const field = mapRow(W, wide, L), table = laneRow(W, wide, L);
    const bars = waterfall(W, wide, L, t, w.uid);
    [at, X] = [field.at, bars.X];
    maps.replaceChildren(field.svg, pixel);
    lanes.replaceChildren(table.svg);
    fall.replaceChildren(bars.svg, step);
    pixel.style.cssText = field.over;
    step.style.cssText = bars.over;
    [acc, code, wrong].forEach((readout, k) => readout.place(field.places[k]));
    return (s, said) => {
      const one = (s.zeros ? t.zeros : t.right)[s.pixel], good = t.right[s.pixel];
      field.update(s, one, t);
      table.update(s, one);
      bars.update(s, one, good);
      count.textContent = `Step ${s.step} of ${STEPS}`;
      set(field.svg, { "aria-label": said["valuetext:pixel"] });
      set(bars.svg, { "aria-label": said["valuetext:step"] });
      const off = one.values[s.step] !== good.values[s.step], ends = s.step === STEPS;
      acc.value.classList.toggle("bad", off);
      acc.sub.textContent = off ? `with Z: ${fixed(good.values[s.step])}` : "int32";
      code.value.classList.toggle("bad", off && ends);
      code.sub.textContent = !ends ? `after step ${STEPS}`
        : off ? `with Z: ${fixed(good.code)}` : "int8";
      wrong.value.classList.toggle("bad", s.zeros);
      wrong.sub.textContent = s.zeros ? "all at the border" : "";
    };
  };
}

/** Input with its padding, kernel, output; the window and the pixel framed. */
function mapRow(W, wide, L) {
  const n = L.side, room = wide ? W - 142 : W, key = wide ? 38 : 0, top = 22;
  const c = Math.min(26, Math.floor((room - (wide ? 3 * key + 64 : 22)) / (2 * n + 2)));
  const size = (n + 2) * c, ox = room - n * c - 1, oy = top + c, right = W - ox - n * c;
  const svg = el("svg", { width: W, height: top + size + 12, role: "img" });
  const cells = (count, x, y, pitch) => Array.from({ length: count ** 2 }, (_, k) =>
    box(x + k % count * pitch + .5, y + Math.floor(k / count) * pitch + .5, pitch - 1, pitch - 1));
  const title = (x, y, words, note = "") => el("text", { x, y, class: "ink b" }, words,
    el("tspan", { "font-weight": 400, fill: MUTED }, note));
  const kx = (size + ox - 3 * key) / 2, ky = top + (size - 3 * key) / 2;
  const field = cells(n + 2, 0, top, c), map = cells(n, ox, oy, c);
  const keys = wide ? cells(3, kx, ky, key) : [];
  const frame = width => [[5, "var(--q-paper)"], [2.25, TOUCH]].map(([thick, stroke]) =>
    box(0, 0, width, width, { stroke, "stroke-width": thick }));
  const win = frame(3 * c), spot = frame(c), hole = label(0, 0, "?", "ink b mono", "middle");
  const tap = box(0, 0, c - 8, c - 8, { rx: 0, stroke: INK, "stroke-width": 2 });
  const focus = box(0, 0, c + 10, c + 10, { rx: 4, class: "pj-focus", stroke: TOUCH,
    "stroke-width": 2 });
  svg.append(title(0, 12, "Input", wide ? ` ${n} × ${n} codes, padded` : ", padded"),
    title(ox, oy - 8, "Output", wide ? ` ${n} × ${n}` : ""), ...field, ...map, ...keys,
    ...keys.map((_, k) => label(kx + (k % 3 + .5) * key, ky + (Math.floor(k / 3) + .5) * key
      + 4, fixed(L.w[k]), "mono ink", "middle")),
    ...wide ? [title(kx, ky - 8, "Kernel")] : [], ...win, tap, hole, ...spot, focus);
  let chosen;
  const at = (x, y, from) => {                 // on the input: the window's middle
    const cell = v => clamp(Math.floor(v / c), 0, n - 1);
    const left = from < size + 8 ? c : from > ox - 8 ? ox : null;
    return left === null ? chosen : cell(y - oy) * n + cell(x - left);
  };
  const ink = q => ({ fill: CODE, "fill-opacity": (q - L.low) / (L.high - L.low),
    stroke: CODE, "stroke-opacity": .45 });
  const edge = k => Math.min(k % (n + 2), Math.floor(k / (n + 2))) === 0
    || Math.max(k % (n + 2), Math.floor(k / (n + 2))) === n + 1;
  field.forEach((one, k) => edge(k) || set(one,
    ink(L.codes[(Math.floor(k / (n + 2)) - 1) * n + k % (n + 2) - 1])));
  const border = field.filter((_, k) => edge(k));
  const update = (s, one, t) => {
    chosen = s.pixel;
    const i = Math.floor(chosen / n), j = chosen % n, now = one.taps[s.step - 1];
    const pad = s.zeros ? { ...ink(0), fill: ERR, stroke: ERR, "stroke-dasharray": null }
      : { ...ink(L.Z), stroke: MUTED, "stroke-opacity": .8, "stroke-dasharray": "2 2" };
    border.forEach(cell => set(cell, pad));
    map.forEach((cell, k) => {
      const d = s.zeros ? t.wrong[k] : 0;
      set(cell, k === chosen && s.step < STEPS ? { fill: "none" }
        : d ? { fill: ERR, "fill-opacity": .2 + .8 * Math.abs(d) / (L.high - L.low),
          stroke: ERR, "stroke-opacity": 1 } : ink(t.right[k].code));
    });
    keys.forEach((cell, k) => set(cell, { fill: k === s.step - 1 ? CODE : "none",
      "fill-opacity": .16, stroke: k === s.step - 1 ? CODE : EDGE,
      "stroke-width": k === s.step - 1 ? 2 : 1 }));
    win.forEach(one => set(one, { x: j * c, y: top + i * c }));
    spot.forEach(one => set(one, { x: ox + j * c, y: oy + i * c }));
    set(focus, { x: ox + j * c - 5, y: oy + i * c - 5 });
    set(hole, { x: ox + (j + .5) * c, y: oy + (i + .5) * c + 5,
      visibility: shown(s.step < STEPS) });
    set(tap, { visibility: shown(now), x: ((now?.column ?? 0) + 1) * c + 4,
      y: top + ((now?.row ?? 0) + 1) * c + 4 });
  };
  return { svg, at, update, over: `left:${ox}px;top:${oy}px;width:${n * c}px;height:${n * c}px`,
    places: wide ? [0, 1, 2].map(k => `left:${W - 116}px;top:${14
      + k * Math.min(68, (size - 40) / 2)}px`) : [`right:0;top:${top + size + 24}px`, `right:${right}px;top:${oy - 22}px`,
      `right:${right}px;top:${oy + n * c + 3}px`] };
}

/** Where the columns are: stop k at left + k p. */
const columns = (W, wide) => {
  const left = wide ? 48 : 38;
  return { left, p: (W - left - 34) / (STEPS + .5) };
};

/** Patch and kernel as nine lanes, then five chips; on a desk in the columns
 *  of the waterfall, on a phone in rows of their own. */
function laneRow(W, desk, L) {
  const { left, p } = columns(W, desk), wide = desk && p >= 40, h = wide ? 28 : 26;
  const rows = wide ? [0, h + 4] : [16, h + 36], below = wide ? 0 : 2 * h + 46;
  const high = wide ? 2 * h + 4 : 42;
  const svg = el("svg", { width: W, height: below + high + (wide ? 18 : 12), "aria-hidden": "true" });
  const place = k => wide ? [left + (k - .5) * p + 1.5, p - 3]
    : k < BIAS ? [(k - 1) * W / 9 + .75, W / 9 - 1.5] : [(k - BIAS) * W / 5 + 1, W / 5 - 2];
  const made = (k, y, height, said, name = "") => {
    const [x, width] = place(k), mid = x + width / 2, lane = box(x, y + 1, width, height);
    const text = label(mid, y + height - (name ? 10 : h / 2 - 5), said, "", "middle");
    svg.append(lane, text, label(mid, y + (wide ? 20 : 18), name, "", "middle"));
    return { lane, text };
  };
  const q = L.w.map((_, k) => made(k + 1, rows[0], h, ""));
  const weights = L.w.map((v, k) => made(k + 1, rows[1], h, fixed(v)));
  const chips = [["bias", fixed(L.bias)], ["M₀/2³¹", fixed(L.m0 / 2 ** 31, 3)],
    ["shift", L.shift], ["+ Z", fixed(L.Zout)], ["clamp", "int8"]].map(([name, value], k) =>
    made(k + BIAS, below, high, value, name));
  [["patch ", "q"], ["kernel ", "w"]].forEach(([words, name], k) => svg.append(
    el("text", { x: 0, y: rows[k] + (wide ? 19 : -5) }, words, el("tspan", { class: "var" }, name))));
  const paint = ({ lane, text }, ahead, bad, dashed) => {
    const tone = bad ? ERR : CODE;
    set(lane, { fill: !ahead || bad ? tone : "none", "fill-opacity": .16,
      stroke: !ahead || bad ? tone : EDGE, "stroke-width": ahead ? 1 : 2,
      "stroke-dasharray": dashed && "3 2" });
    set(text, { class: `mono sm ${bad ? "err" : ahead > 0 ? "" : "ink"} ${ahead ? "" : "b"}` });
  };
  const update = (s, { taps }) => {
    taps.forEach(({ q: code, inside }, k) => {
      q[k].text.textContent = fixed(code);
      paint(q[k], k + 1 - s.step, s.zeros && !inside, !inside);
      paint(weights[k], k + 1 - s.step);
    });
    chips.forEach((chip, k) => paint(chip, k + BIAS - s.step));
  };
  return { svg, update };
}

/** The value after each step; from the shift on, magnified by 2^n. */
function waterfall(W, wide, L, t, uid) {
  const { left, p } = columns(W, wide), X = lin(0, 1, left, left + p), half = p * .32;
  const top = 20, foot = top + (wide ? 200 : 140), axis = foot + 24, n = 2 ** L.shift;
  const level = (v, k) => (k < SHIFT ? v : v * n), tick = 40000;
  const all = [...t.right, ...t.zeros].flatMap(one => one.values.map(level));
  const Y = lin(Math.min(...all), Math.max(...all), foot - 6, top + 14);
  const x0 = X(SHIFT - .5), x1 = X(STEPS + .5), stops = [...Array(STEPS + 1).keys()];
  const line = (stroke, more) => el("path", { stroke, fill: "none", ...more });
  const idle = line(EDGE), done = line(INK, { "stroke-width": 1.25 });
  const ghost = line(INK, { "stroke-dasharray": "3 3", "stroke-width": 1.5 });
  const marker = el("line", { y1: wide ? -16 : 16, y2: axis, stroke: TOUCH, "stroke-width": 1.75 });
  const bars = stops.slice(1).map(k => el("rect", { x: X(k) - half, width: 2 * half }));
  const said = label(0, 0, "", "", "middle"), other = label(0, 0, "with Z", "halo", "end");
  const svg = el("svg", { width: W, height: axis + 36, role: "img" },
    el("defs", {}, hatch(uid + "hatch", MUTED, 1.5)),
    box(x0, top, x1 - x0, foot - top, { fill: "var(--q-sheet)" }),
    [-tick, tick].map(v => [across(left, x0, Y(v), { stroke: "var(--q-rule)" }),
      label(left - 6, Y(v) + 4, wide ? fixed(v) : `${fixed(v / 1000)} k`, "", "end")]).flat(),
    [L.low, 0, L.high].map(q => [label(x1 + 4, Y(q * n) + 4, fixed(q), "mono sm code"),
      across(x0, x1, Y(q * n), { stroke: CODE, "stroke-opacity": q ? .7 : 0 })]).flat(),
    across(left, x1, Y(0)), label(left - 6, Y(0) + 4, "0", "", "end"),
    across(left, X(STEPS), axis, { stroke: EDGE }),
    line(EDGE, { d: stops.map(k => `M${X(k)} ${axis - 4}v8`).join("") }),
    stops.filter(k => p > 18 || k % 2 === 0).map(k =>
      label(X(k), axis + 27, k, k > 9 && !wide ? "sm" : "", "middle")),
    marker, label(left, 10, "Value after each step", "ink b halo"),
    label(x1, 10, wide ? `magnified ${n} times` : `× ${n}`, "halo", "end"),
    ...bars, idle, done, ghost, other, said);
  const links = (Ys, from, to) => Ys.slice(from, to).map((y, k) =>
    `M${X(from + k) + half} ${y}H${X(from + k + 1) - half}`).join("") || null;
  const update = (s, one, good) => {
    const Ys = one.values.map((v, k) => Y(level(v, k))), k = s.step;
    const right = good.values.map((v, i) => Y(level(v, i)));
    bars.forEach((bar, i) => {
      const gap = Math.abs(Ys[i] - Ys[i + 1]), ahead = i + 1 - k, cut = i + 1 === STEPS && ahead <= 0;
      const tone = s.zeros && one.taps[i]?.inside === false ? ERR : CODE;
      set(bar, { y: Math.min(Ys[i], Ys[i + 1]), height: Math.max(gap, .4),
        stroke: ahead > 0 ? "none" : tone, "stroke-width": ahead ? 1.25 : 2,
        fill: cut ? `url(#${uid}hatch)` : tone,
        "fill-opacity": ahead > 0 ? .12 : ahead < 0 ? .3 : cut ? 1 : .5 });
    });
    set(done, { d: links(Ys, 0, k) });
    set(idle, { d: links(Ys, k, STEPS) });
    const off = right.findIndex((y, i) => y !== Ys[i]), parts = right.slice(off, k + 1);
    set(ghost, { d: off > 0 && off <= k ? `M${X(off) - half} ${right[off - 1]}`
      + parts.map((y, i) => `V${y}H${X(off + i) + (off + i < k ? p - half : half)}`).join("") : null });
    set(marker, { x1: X(k), x2: X(k) });
    // the value and the ghost's name never meet: one goes up, one down
    const bad = one.values[k] !== good.values[k], above = bad && right[k] < Ys[k];
    const ends = [Ys[k], Ys[Math.max(0, k - 1)]], words = fixed(one.values[k]);
    said.textContent = words;
    set(said, { x: Math.min(X(k), x1 - 4 * words.length),
      y: above ? Math.max(...ends) + 17 : Math.min(...ends) - 7,
      class: `mono b halo pj-value ${bad ? "err" : "ink"}` });
    set(other, { x: Math.min(X(k) + half, x1), y: right[k] + (above ? -6 : 16),
      visibility: shown(bad) });
  };
  return { svg, X, update, over: `left:${left - 11}px;width:${STEPS * p + 22}px;top:${axis - 22}px` };
}

export default { render: mount({ say, build,
  hint: "Pick a pixel of the output, or drag the window over the input. Then step: "
    + "the taps go row by row." }) };
