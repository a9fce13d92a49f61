/* Where does 0.0 land?  The other half is affine_ruler.py.  Chapter: affine */

// ---- numbers: twins of qlib.affine, compared over all settings -----------

const limits = (bits, grid) =>
  grid === "int" ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];

/** S and Z by TFLite's rule: Z in float64, only then S to float32. */
function qparams(rmin, rmax, qmin, qmax) {
  const low = Math.min(rmin, 0), high = Math.max(rmax, 0);   // it holds 0
  const S = (high - low) / (qmax - qmin);
  const near = Math.abs(qmin) + Math.abs(low / S) < Math.abs(qmax) + Math.abs(high / S);
  const Z = halfAway(near ? qmin - low / S : qmax - high / S);
  return [Math.fround(S), clamp(Z, qmin, qmax)];
}

/** The grid that a setting gives, r = S (q - Z) + shift.
 *
 * Nudged, shift is 0.  Not nudged, the grid starts exactly at rmin: code
 * qmin stands there, and `zero`, the place of 0.0 in codes, is no integer. */
function gridOf({ rmin, rmax, bits, grid, nudge }) {
  const [qmin, qmax] = limits(bits, grid);
  const [S, Z] = qparams(nudge ? rmin : 0, nudge ? rmax : rmax - rmin, qmin, qmax);
  const shift = nudge ? 0 : rmin, real = q => S * (q - Z) + shift;
  const code = clamp(halfEven(-shift / S) + Z, qmin, qmax);
  const low = Math.min(rmin, 0);                   // where a nudged grid begins
  return { qmin, qmax, S, Z, real, code, back: real(code), zero: Z - shift / S,
    exact: small(real(code)), outside: !nudge && (rmin > 0 || rmax < 0),
    widened: nudge && (rmin > 0 || rmax < 0), moved: nudge ? real(qmin) - low : 0,
    places: bits === 8 ? 4 : 3 };
}

const small = x => Math.abs(x) < 1e-5;             // as far as float32 can tell
const pair = (a, b) => `(${fixed(a, 1)}, ${fixed(b, 1)})`;

function notice({ rmin, rmax, bits }, g) {
  const by = x => fixed(x, g.places), c = n => fixed(n);
  if (g.widened) {
    const before = Math.fround((rmax - rmin) / (g.qmax - g.qmin));
    return `0.0 lands exactly on code ${c(g.Z)}. To hold it, the range grew from `
      + `${pair(rmin, rmax)} to ${pair(Math.min(rmin, 0), Math.max(rmax, 0))}; `
      + `every step is now ${digits(g.S / before)} times as long.`;
  }
  if (g.outside) {
    return `0.0 lies outside the grid. Its nearest code, ${c(g.code)}, `
      + `means ${by(g.back)}: every zero becomes ${by(g.back)}.`;
  }
  if (!g.exact) {
    return `0.0 falls between codes ${c(Math.floor(g.zero))} and `
      + `${c(Math.ceil(g.zero))} and becomes ${by(g.back)}. `
      + "So does every zero of a padded border.";
  }
  if (small(g.moved)) {
    return `0.0 lands exactly on code ${c(g.code)}, and no end had to move.`;
  }
  return `0.0 lands exactly on code ${c(g.Z)}. The price: both ends of the range `
    + `moved by ${by(g.moved)}, at most half a step.`;
}

/** All strings; affine_ruler.py computes the same ones with qlib. */
function say(state) {
  const g = gridOf(state);
  const Z = fixed(g.zero, state.nudge ? 0 : 2);
  const zero = g.exact ? "0.0" : fixed(g.back, g.places);
  const off = g.exact ? "zero exact" : `zero off by ${fixed(Math.abs(g.back), g.places)}`;
  const spoken = `min ${fixed(state.rmin, 1)}, max ${fixed(state.rmax, 1)}, Z ${Z}, ${off}`;
  return { scale: digits(g.S), zero_point: Z, zero, notice: notice(state, g),
    "valuetext:rmin": spoken, "valuetext:rmax": spoken };
}

// ---- the picture -----------------------------------------------------------

const TOP = { 2: 2, 3: 1, 4: .5, 8: .03 };         // the highest rounding error
const INK = "var(--q-ink)", ERR = "var(--q-err)";

function build(w) {
  const tenths = trait => Math.round(10 * w.state()[trait]);
  const end = (trait, name, limit) => w.range(trait, { min: -60, max: 60, per: 10,
    limit, "aria-label": name });
  const rmin = end("rmin", "lowest real", t => Math.min(t, tenths("rmax") - 1));
  const rmax = end("rmax", "highest real", t => Math.max(t, tenths("rmin") + 1));
  const bits = w.seg("bits", "bits", [2, 3, 4, 8].map(b => [b, b]));
  const grid = w.seg("grid", "grid", [["int", "int"], ["uint", "uint"]]);
  w.controls(bits, grid, w.toggle("nudge", "zero point", ["hold 0.0: nudge ", el("var", {}, "Z")]));
  const desk = words => el("span", { class: "q-desk-only" }, words);
  const scale = w.readout("scale", desk("step "), el("var", {}, "S"));
  const zp = w.readout("zero_point", desk("zero point "), el("var", {}, "Z"));
  const zero = w.readout("zero", desk("0.0 "), "becomes");
  let X;
  drag(w.stage, [rmin, rmax], () => lin(-60, 60, X(-6), X(6)));
  return ({ W, wide }) => {
    const x0 = wide ? 46 : 40, x1 = W - (wide ? 168 : 12), side = x1 + 26;
    const top = 26, base = top + (wide ? 136 : 92), axis = base + 62;
    const H = wide ? 288 : axis + 168;
    X = lin(-6, 6, x0, x1);
    const svg = el("svg", { width: W, height: H, role: "img" },
      el("defs", {}, hatch(w.uid + "hatch")));
    const errors = errorPanel(svg, w.uid, X, top, base, wide);
    const codes = rulerPanel(svg, X, top, base, axis, wide);
    const lens = wide ? lensPanel(svg, w.uid, X, side, W, 12, 64)
      : lensPanel(svg, w.uid, X, x0, x1, axis + 78, axis + 120);
    w.stage.replaceChildren(svg, rmin, rmax);
    for (const input of [rmin, rmax]) input.style.cssText =
      `left:${x0 - 11}px;width:${x1 - x0 + 22}px;top:${axis - 22}px`;
    const right = W - x1;
    zero.place(wide ? `left:${side}px;top:118px` : `right:${right}px;top:${axis + 64}px`);
    scale.place(wide ? `left:${side}px;top:180px` : `right:${right + 84}px;top:-2px`);
    zp.place(wide ? `left:${side}px;top:230px` : `right:${right}px;top:-2px`);
    return (s, said) => {
      const g = gridOf(s);
      for (const show of [errors, codes, lens]) show(s, g);
      svg.setAttribute("aria-label", said.notice);
      grid.title.textContent = `grid: ${fixed(g.qmin)} to ${fixed(g.qmax)}`;
      grid.name(0, `int${s.bits}`);
      grid.name(1, `uint${s.bits}`);
      zero.value.classList.toggle("bad", !g.exact);
      zero.sub.textContent = g.outside ? "clipped: no code there"
        : `${g.exact ? "exactly" : "nearest"}: code ${fixed(g.code)}`;
      zp.sub.textContent = s.nudge ? "a code by the nudge"
        : g.outside ? "off the grid" : g.exact ? "a code by itself" : "not a code";
    };
  };
}

/** The error over r: solid where r is rounded, hatched where it is clipped. */
function errorPanel(svg, uid, X, top, base, wide) {
  const x0 = X(-6), x1 = X(6);
  const area = (fill, more) => el("path", { fill, stroke: ERR, "stroke-width": 1.25,
    "stroke-linejoin": "round", "clip-path": `url(#${uid}panel)`, ...more });
  const solid = area(ERR, { "fill-opacity": .3 }), cut = area(`url(#${uid}hatch)`);
  const ticks = [0, .5, 1].map(part =>
    label(x0 - 6, base - part * (base - top) + 4, "", "", "end"));
  const rules = [top, (top + base) / 2].map(y => across(x0, x1, y,
    { stroke: "var(--q-rule)", "stroke-opacity": .6 }));
  const names = ["clipping", "rounding", "clipping"].map(said =>
    label(0, 0, said, "err halo", "middle"));
  svg.append(el("clipPath", { id: uid + "panel" },
    el("rect", { x: x0, y: top, width: x1 - x0, height: base - top })),
  ...rules, solid, cut, ...ticks, el("text", { x: x0, y: 12, class: "ink b" },
    wide ? "Error: how far " : "Error", wide ? el("tspan", { class: "var" }, "r")
      : null, wide ? " moves" : null), ...names);
  return (s, g) => {
    const Y = lin(0, TOP[s.bits], base, top), y = e => Math.max(Y(e), -1e4);
    const low = g.real(g.qmin), high = g.real(g.qmax);
    ticks.forEach((tick, k) => { tick.textContent = k * TOP[s.bits] / 2; });
    const teeth = [], dense = X(g.S) - X(0) < 3;   // then a band, S / 2 high
    if (dense) teeth.push([X(low), y(g.S / 2)], [X(high), y(g.S / 2)]);
    for (let q = g.qmin; q < g.qmax && !dense; q++) {
      teeth.push([X(g.real(q)), base], [X(g.real(q + .5)), y(g.S / 2)]);
    }
    set(solid, { d: path([[X(low), base], ...teeth, [X(high), base]]) });
    set(cut, { d: path([[x0 - 9, base], [x0 - 9, y(low - X.inv(x0 - 9))], [X(low), base]])
      + path([[x1 + 9, base], [x1 + 9, y(X.inv(x1 + 9) - high)], [X(high), base]]) });
    [[-6, low], [low, high], [high, 6]].forEach(([from, to], k) => {
      const a = X(clamp(from, -6, 6)), b = X(clamp(to, -6, 6));
      set(names[k], { x: (a + b) / 2, visibility: b - a < 64 ? "hidden" : null,
        y: k === 1 ? Math.max(Y(g.S / 2) - 6, top + 14) : (top + base) / 2 + 4 });
    });
  };
}

/** Codes above, reals below, and the two ends that the reader moves. */
function rulerPanel(svg, X, top, base, axis, wide) {
  const x0 = X(-6), x1 = X(6), zero = X(0), apart = wide ? 28 : 24;
  const stems = [0, 1].map(() => el("line", { y1: top, y2: axis,
    stroke: "var(--q-touch)", "stroke-width": 1.75 }));
  const codes = ruler(base, x0, x1);
  const zeroRing = ring(zero, base);
  const reals = [], ends = texts(2, axis + 30, "touch b halo");
  for (let r = -6; r <= 6; r += wide ? 1 : 2) reals.push([X(r), fixed(r)]);
  const numbers = texts(reals.length, axis + 30);
  const dashes = reals.map(([x]) => `M${x} ${axis}v4`).join("");
  const wider = el("path", { stroke: INK, "stroke-dasharray": "1 3" });
  const tip = el("path", { fill: "none", stroke: INK, "stroke-width": 1.25 });
  const aside = label(0, 0, "", "ink halo");
  svg.append(across(x0, x1, axis), across(x0, x1, base), ...codes.marks,
    el("path", { d: dashes, stroke: "var(--q-muted)" }), ...stems, wider, tip,
    ...codes.names, aside, zeroRing, ...numbers.nodes,
    label(0, base + 27, "code", "code"), el("text", { x: x1, y: axis + 47,
      "text-anchor": "end" }, "real value ", el("tspan", { class: "var" }, "r")),
    ...ends.nodes);
  return (s, g) => {
    codes.update(q => X(g.real(q)), g.qmin, g.qmax);
    set(zeroRing, { stroke: g.exact ? INK : ERR });
    const at = [X(s.rmin), X(s.rmax)];
    stems.forEach((stem, k) => set(stem, { x1: at[k], x2: at[k] }));
    const mid = (at[0] + at[1]) / 2, half = Math.max(20, (at[1] - at[0]) / 2);
    const places = [mid - half, mid + half];       // their numbers do not touch
    ends.fill([[places[0], fixed(s.rmin, 1)], [places[1], fixed(s.rmax, 1)]]);
    numbers.fill(reals.filter(([x]) => places.every(p => Math.abs(p - x) >= apart)));
    // what the nudge costs: a wider range, or ends that moved
    const from = s.rmin > 0 ? at[0] : at[1], back = Math.sign(from - zero);
    set(wider, { d: g.widened ? `M${from} ${base + 42}H${zero + 2 * back}` : null });
    set(tip, { d: g.widened ? head(zero + 2 * back, base + 42, -back) : null });
    const low = Math.min(X(g.real(g.qmin)), at[0]) - 24;
    const high = Math.max(X(g.real(g.qmax)), at[1]) + 24, right = x1 - high >= 150;
    const moved = wide && !small(g.moved) && (right || low - x0 >= 150);
    const beyond = [g.qmin, g.qmax].find(q => Math.abs(g.real(q)) > 6.03);
    aside.textContent = g.widened ? "widened to hold 0"
      : beyond != null ? `code ${fixed(beyond)} stands at ${fixed(g.real(beyond), 1)}`
        : moved ? `ends moved by ${fixed(g.moved, g.places)}` : "";
    set(aside, g.widened
      ? { x: zero - 10 * back, y: base + 46, "text-anchor": back > 0 ? "end" : "start" }
      : beyond != null ? { x: zero, y: base + 46, "text-anchor": "middle" }
        : { x: right ? high : low, y: base + 27, "text-anchor": right ? "start" : "end" });
  };
}

/** Around 0.0, always about three steps wide; ghosts: the grid not nudged. */
function lensPanel(svg, uid, X, x0, x1, y, line) {
  const mid = (x0 + x1) / 2, wide = x1 - x0 > 200, step = (x1 - x0) / (wide ? 3.4 : 2.6);
  const times = label(wide ? x0 + 72 : x1, y, "", "", wide ? "start" : "end");
  const said = label(mid, line - 19, "", "", "middle");
  const ticks = el("path", { stroke: "var(--q-code)", "stroke-width": 2 });
  const ghosts = el("path", { stroke: "var(--q-code)", "stroke-width": 1.25,
    "stroke-dasharray": "3 3" });
  const none = el("rect", { y: line - 6, height: 12, fill: `url(#${uid}hatch)` });
  const gap = el("path", { fill: "none", stroke: ERR, "stroke-width": 3 });
  const arrow = el("path", { fill: "none", stroke: INK, "stroke-width": 1.5 });
  const zeroRing = ring(mid, line);
  const names = texts(5, line + 32, "code mono b");
  svg.append(el("rect", { x: x0, y: y + 10, width: x1 - x0, height: line - y + 31,
    rx: 2, fill: "var(--q-sheet)" }), label(x0, y, "around 0.0", "ink b"), times, none,
  across(x0, x1, line), ghosts, ticks, gap, arrow, zeroRing, said, ...names.nodes);
  return (s, g) => {
    const at = q => mid + (q - g.zero) * step, inside = x => x >= x0 && x <= x1;
    const hang = places =>
      places.filter(inside).map(x => `M${x} ${line}v16`).join("") || null;
    const near = [];
    for (let q = Math.ceil(g.zero - 2); q <= g.zero + 2; q++) {
      if (q >= g.qmin && q <= g.qmax) near.push(q);
    }
    const seen = near.filter(q => inside(at(q)));
    const moved = small(g.moved) ? 0 : g.moved / g.S * step;
    set(ticks, { d: hang(near.map(at)) });
    names.fill(seen.map(q => [clamp(at(q), x0 + 14, x1 - 14), fixed(q)]));
    set(ghosts, { d: moved ? hang(near.map(q => at(q) - moved)) : null });
    set(arrow, { d: moved ? `M${mid - moved} ${line - 11}H${mid}`
      + head(mid, line - 11, Math.sign(moved)) : null });
    const to = clamp(at(g.code), x0, x1);
    set(gap, { d: g.exact || g.outside ? null : `M${mid} ${line}H${to}` });
    set(zeroRing, { stroke: g.exact ? INK : ERR });
    set(said, { class: g.exact ? "ink b" : "err b" });
    said.textContent = g.outside ? "no code here"
      : !g.exact ? `off by ${fixed(Math.abs(g.back), g.places)}`
        : moved ? `moved by ${fixed(g.moved, g.places)}` : "on a code";
    const a = clamp(at(g.qmin), x0, x1), b = clamp(at(g.qmax), x0, x1);
    set(none, a > x0 ? { x: x0, width: a - x0 } : { x: b, width: x1 - b });
    const zoom = step / (X(g.S) - X(0));
    times.textContent = zoom < 1.5 ? "" : `× ${digits(zoom, 2)}`;
  };
}

export default { render: mount({ say, build,
  hint: "Drag the two blue ends, or focus one and press ← →." }) };
