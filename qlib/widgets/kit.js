/* The toolkit of all widgets.  kit.py puts this file in front of each
 * widget's own source, so that a widget stays one ES module. */

// ---- numbers: twins of the functions of the same name in kit.py ----------

const MINUS = "\u2212", THIN = "\u202f", GLUE = "\u00a0";
const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
const halfEven = x => {                      // round, ties to the even integer
  const low = Math.floor(x), part = x - low;
  return part < .5 || (part === .5 && low % 2 === 0) ? low : low + 1;
};
const halfAway = x => {                      // floor(0.49999999999999994 + .5) is 1
  const size = Math.abs(x), low = Math.floor(size);
  return Math.sign(x) * (size - low >= .5 ? low + 1 : low);
};

/** x with d decimals: −1 234.50 */
function fixed(x, d = 0) {
  const [whole, part] = Math.abs(x).toFixed(d).split(".");
  const said = whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (part ? `.${part}` : "");
  return x < 0 && /[1-9]/.test(said) ? MINUS + said : said;
}
/** x with n significant digits: 0.0181, but 1.02 × 10⁻³ */
function digits(x, n = 3) {
  if (x === 0) return "0";
  const [lead, e] = x.toExponential(n - 1).split("e");
  if (e >= -2) return fixed(x, Math.max(0, n - 1 - e));
  const power = e.replace(/./g, c => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);
  return `${lead.replace("-", MINUS)}${GLUE}×${GLUE}10${power}`;
}
/** 0.978 as 97.8 % */
const percent = (p, d = 1) => `${fixed(100 * p, d)}${GLUE}%`;

// ---- drawing ---------------------------------------------------------------

/** The line through (a, c) and (b, d); .inv goes back. */
const lin = (a, b, c, d) => {
  const f = v => c + (v - a) * (d - c) / (b - a);
  f.inv = p => a + (p - c) * (b - a) / (d - c);
  return f;
};
const path = points =>
  "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
const SVG = /^(svg|g|path|line|rect|circle|polygon|text|tspan|defs|pattern|clipPath)$/;
const el = (tag, attributes = {}, ...kids) => {
  const made = SVG.test(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  set(made, attributes);
  made.append(...kids.flat().filter(kid => kid != null));
  return made;
};
const set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
};
/** Text that is written over marks; cls: ink, b(old), mono, var, touch ... */
const label = (x, y, said, cls = "", anchor = "start") =>
  el("text", { x, y, class: cls, "text-anchor": anchor }, said);
const hatch = (id, colour = "var(--q-err)", width = 2.2) =>
  el("pattern", { id, width: 5, height: 5, patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)" },
  el("line", { y2: 5, stroke: colour, "stroke-width": width }));

/** n texts to be filled later: fill([[x, words], ...]) */
const texts = (n, y, cls) => {
  const nodes = Array.from({ length: n }, () => label(0, y, "", cls, "middle"));
  const fill = items => nodes.forEach((node, k) => {
    node.textContent = items[k]?.[1] ?? "";
    if (items[k]) node.setAttribute("x", items[k][0]);
  });
  return { nodes, fill };
};
/** A ruler: codes hang from y between x0 and x1, where `at(q)` says.
 *
 * Ticks closer than 3 px become a band; every 1, 2, 4 ... codes and the two
 * ends have their number, as far apart as numbers need. */
function ruler(y, x0, x1) {
  const band = el("rect", { y, height: 7, fill: "var(--q-code)", "fill-opacity": .4 });
  const ticks = el("path", { stroke: "var(--q-code)" });
  const names = texts(32, y + 27, "code mono b halo");
  const update = (at, qmin, qmax) => {
    const low = at(qmin), high = at(qmax), px = (high - low) / (qmax - qmin);
    const chars = Math.max(fixed(qmin).length, fixed(qmax).length);
    const apart = Math.max(24, 8 * chars + 6), dense = px < 3, said = [];
    const every = 2 ** Math.max(0, Math.ceil(Math.log2(apart / px)));
    let d = "";
    for (let q = qmin; q <= qmax; q++) {
      const x = at(q), edge = q === qmin || q === qmax, big = edge || q % every === 0;
      if (x < x0 - 1 || x > x1 + 1 || (dense && !big)) continue;
      d += `M${x.toFixed(1)} ${y}v${big ? 12 : 7}`;
      const alone = q === qmax || high - x >= apart && (edge || x - low >= apart);
      if (big && alone) said.push([x, fixed(q)]);
    }
    set(ticks, { d: d || null, "stroke-width": px < 6 ? 1.5 : 2 });
    const a = clamp(low, x0, x1);
    set(band, { x: a, width: clamp(high, x0, x1) - a,
      visibility: dense ? null : "hidden" });
    names.fill(said);
  };
  return { marks: [band, ticks], names: names.nodes, update };
}

/** A horizontal line. */
const across = (x1, x2, y, attributes = { stroke: "var(--q-ink)" }) =>
  el("line", { x1, x2, y1: y, y2: y, ...attributes });
/** An open circle around a place, for instance 0.0; its stroke comes later. */
const ring = (cx, cy, r = 5) => el("circle", { cx, cy, r, "stroke-width": 1.75,
  fill: "var(--q-paper)" });
/** An arrow's head at (x, y); way is 1 to the right, -1 to the left. */
const head = (x, y, way) => `M${x - 5 * way} ${y - 4}L${x} ${y}L${x - 5 * way} ${y + 4}`;

/** A pointer anywhere on the stage moves the nearest of the range inputs.
 *
 * The inputs own value, keyboard and aria; `X()` maps their values to pixels.
 * A finger moves a handle once it has gone 6 px sideways, or by a tap: one
 * that scrolls the page changes nothing.  In two dimensions, `to(x, y, from)`
 * says the value; from is the x at which the pointer went down. */
function drag(stage, inputs, X, to = null) {
  let held = null;                               // { input, from, offset, moves }
  const at = event => event.clientX - stage.getBoundingClientRect().left;
  const move = event => {
    held.moves = true;
    held.input.focus({ preventScroll: true });
    held.input.value = to
      ? to(at(event), event.clientY - stage.getBoundingClientRect().top, held.from)
      : Math.round(X().inv(at(event) + held.offset));
    held.input.dispatchEvent(new Event("input"));          // it clamps and snaps
  };
  stage.addEventListener("mousedown", e => e.preventDefault());  // keep the focus
  stage.addEventListener("pointerdown", event => {
    if (!event.isPrimary || event.button) return;
    const from = at(event), gap = input => X()(+input.value) - from;
    const input = inputs.reduce((a, b) => {                // a tie: the side decides
      const nearer = Math.abs(gap(a)) - Math.abs(gap(b));
      return nearer > 0 || (nearer === 0 && gap(b) < 0) ? b : a;
    });
    held = { input, from, offset: Math.abs(gap(input)) <= 12 ? gap(input) : 0 };
    stage.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") move(event);
  });
  stage.addEventListener("pointermove", event => {
    if (held && (held.moves || Math.abs(at(event) - held.from) > 6)) move(event);
  });
  stage.addEventListener("pointerup", event => {
    if (!held) return;
    move(event);
    held.input.dispatchEvent(new Event("change", { bubbles: true }));
    held = null;
  });
  stage.addEventListener("pointercancel", () => { held = null; });
}

// ---- one widget --------------------------------------------------------------

/** The frame around a widget and what ties its controls to the model.
 *
 *  mount({ hint, say, build }) is a widget's render().
 *  say(state, get)  the strings of readouts, Notice and aria-valuetext; no
 *               DOM; get(trait) is data that Python computed
 *  build(w)     makes the controls, returns layout({ W, wide }), which draws
 *               everything that stays and returns update(state, said)
 *
 * The model is the one truth: a control sets the model, the model repaints. */
const mount = ({ hint, say, build }) => ({ model, el: root }) => {
  const uid = "q" + Math.random().toString(36).slice(2, 8);
  const names = Object.keys(model.get("start"));
  const get = trait => model.get(trait);
  const state = () => Object.fromEntries(names.map(n => [n, model.get(n)]));
  const put = changes => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const followers = [], outputs = {};             // followers show a new state
  const stage = el("div", { class: "q-stage" });
  const controls = el("div", { class: "q-controls" });
  const live = el("div", { class: "q-sr", "aria-live": "polite" });
  const notice = el("span", { "data-readout": "notice" });
  outputs.notice = notice;
  const reset = el("button", { class: "q-btn quiet", type: "button" }, "Reset");
  const figure = el("figure", { class: "q", "data-widget": model.get("kind") },
    el("div", { class: "q-head" },
      el("span", { class: "q-kicker" }, `Widget ${model.get("number")}`),
      el("span", { class: "q-title" }, model.get("title")), reset,
      el("span", { class: "q-hint" }, hint)),
    controls, stage, live,
    el("figcaption", { class: "q-notice" }, el("b", {}, "Notice."), " ", notice));

  const w = {
    uid, stage, put, state, get,
    controls: (...parts) => controls.append(...parts.map(p => p.box ?? p)),
    /** A native range over the figure: the trait is its value / per. */
    range(trait, { min, max, per = 1, limit = v => v, ...attributes }) {
      const input = el("input", { type: "range", min, max, step: 1,
        "data-trait": trait, "data-per-unit": per, ...attributes });
      input.addEventListener("input", () => {
        input.value = limit(+input.value);
        put({ [trait]: input.value / per });
      });
      followers.push((s, said) => {
        input.value = Math.round(s[trait] * per);
        input.setAttribute("aria-valuetext", said[`valuetext:${trait}`]);
      });
      return input;
    },
    /** Two to five choices: native radio buttons under their labels.
     *  title is the legend; name(k, words) renames an option; also(value)
     *  are traits that a choice sets with its own. */
    seg(trait, legend, options, also = () => ({})) {
      const title = el("legend", {}, legend);
      const radios = options.map(([value]) => el("input", { type: "radio",
        name: uid + trait, value, "data-trait": trait }));
      radios.forEach((radio, k) => radio.addEventListener("change",
        () => put({ [trait]: options[k][0], ...also(options[k][0]) })));
      followers.push(s => radios.forEach((radio, k) => {
        radio.checked = s[trait] === options[k][0];
      }));
      const labels = options.map(() => el("span"));
      const name = (k, words) => {
        labels[k].textContent = labels[k].dataset.words = words;
      };
      options.forEach(([, words], k) => name(k, words));
      const box = el("fieldset", { class: "q-field" }, title, el("div",
        { class: "q-seg" }, radios.map((r, k) => el("label", {}, r, labels[k]))));
      return { box, title, name };
    },
    /** More than five choices: a native select. */
    select(trait, legend, options) {
      const box = el("select", { class: "q-select", "data-trait": trait },
        options.map(([value, words]) => el("option", { value }, words)));
      box.addEventListener("change", () =>
        put({ [trait]: options[box.selectedIndex][0] }));
      followers.push(s => { box.value = s[trait]; });
      return el("label", {}, el("span", { class: "q-label" }, legend), box);
    },
    /** On or off. */
    toggle(trait, legend, words) {
      const box = el("input", { type: "checkbox", role: "switch",
        "data-trait": trait });
      box.addEventListener("change", () => put({ [trait]: box.checked }));
      followers.push(s => { box.checked = s[trait]; });
      return el("div", {}, el("span", { class: "q-label" }, legend),
        el("label", { class: "q-check" }, box, el("span", {}, words)));
    },
    /** A number that stands on the stage; `place` moves it. */
    readout(name, ...before) {
      const value = outputs[name] = el("output",
        { "data-readout": name, "aria-live": "off" });
      const sub = el("span", { class: "q-sub" });
      const box = el("div", { class: "q-readout" },
        el("span", { class: "q-label" }, ...before), value, sub);
      const place = (css, wide) => { box.style.cssText = css; stage.append(box); };
      return { value, sub, place };
    },
  };

  let update = null, due = false;
  const layout = build(w);
  const paint = () => {
    due = false;
    const s = state(), said = say(s, get);
    for (const follow of followers) follow(s, said);
    for (const name in outputs) outputs[name].textContent = said[name];
    update?.(s, said);
  };
  const refresh = () => {                         // several traits, one repaint
    if (!due) queueMicrotask(paint);
    due = true;
  };
  const relayout = () => {
    const W = figure.clientWidth;
    if (!W) return;                               // folded: no width yet
    const wide = W >= 560;
    figure.classList.toggle("q-desk", wide);
    update = layout({ W, wide });
    paint();
  };
  for (const name of names) model.on(`change:${name}`, refresh);
  reset.addEventListener("click", () => put(model.get("start")));
  figure.addEventListener("change", () => queueMicrotask(() => {
    live.textContent = notice.textContent;        // spoken once, after a move
  }));
  figure.addEventListener("keydown", event => {   // JupyterLab takes the arrows
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  root.append(figure);
  paint();
  let seen = 0;
  const observer = new ResizeObserver(() => {
    if (figure.clientWidth !== seen) { seen = figure.clientWidth; relayout(); }
  });
  observer.observe(figure);
  seen = figure.clientWidth;
  relayout();
  return () => {
    observer.disconnect();
    for (const name of names) model.off(`change:${name}`, refresh);
  };
};
