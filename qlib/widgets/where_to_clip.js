/* Where should I clip?  The other half is where_to_clip.py; in front of this file stand
 * clip_table.js, clip_rules.js and clip_picture.js.  Chapter: calibration */

// ---- words: where_to_clip.py computes the same ones with qlib -------------------

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
    + `point ${fixed(c.it.upper, 2)}, MSE ${at(c, c.picks.mse)}, `
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

// ---- the page ------------------------------------------------------------------

function build(w) {
  const d = tablesOf(w.get);
  const range = w.range("cut", { min: 1, max: CUTS, "aria-label": "clipping threshold T" });
  w.controls(w.select("layer", "layer", d.layers.map((it, k) => [k, it.name])),
    w.seg("bits", "bits of a code", BITS.map(b => [b, b])), el("div", { class: "wc-row" }),
    w.seg("smoothing", "KL rule: smoothing", Object.keys(SMOOTH).map(name => [name, name])),
    el("div", { class: "wc-pair" }, w.toggle("zeros", "KL rule: zeros", ["count bin 0"]),
      w.toggle("bug", "KL rule: the bug", ["Q\u2019s last bin empty"])));
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
    const foot = tops[3] + heights[3] + 22, plot = { uid: w.uid, X, x0, x1, wide };
    const hist = histogramPanel(plot, base), axis = xAxis(plot, foot);
    const panels = [klPanel, msePanel, accuracyPanel, logitsPanel].map((make, k) =>
      make({ ...plot, y0: tops[k], y1: tops[k] + heights[k] }));
    const stem = el("line", { y1: 20, y2: foot, stroke: TOUCH, "stroke-width": 1.75 });
    const named = el("tspan"), name = el("text", { y: 14, class: "touch b halo" }, italic("T"), named);
    const svg = el("svg", { width: x1 + 12, height: foot + 40, role: "img" },
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
      const both = pq(c.it.counts, s.cut * PER, c.qmax + 1, s);
      for (const part of [hist, lens]) part.update(c, s, both);
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

export default { render: mount({ say, build,
  hint: "Drag the blue line anywhere in the figure, or focus its handle and press ←\u00a0→. "
    + "With a smoothing, with the bug, and for all layers KL picks the best of the 64 measured thresholds." }) };
